/* test_relay_confine.c - a thread that is confined as the mediator is makes every call of an op's,
 * and nothing else. Next: ../host/relay_confine.c. */
#include "test_relay_files.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

TestSuite(relay_confine, .init = begin, .fini = end, .timeout = 60);

#define ANSWERS 24u
static int64_t answer[ANSWERS];
static int confined;
static char secret[160]; /* a path outside of the root */

static int64_t raw(long number, long a, long b, long c, long d)
{
  const long result = syscall(number, a, b, c, d);
  return result < 0 ? -errno : result;
}

/* Everything that an op can ask for. */
static void *calls(void *unused)
{
  uint32_t i = 0;
  confined = gr_relay_confine();
  const int64_t a = open_call("a", GR_OPEN_BOTH | GR_OPEN_CREATE);
  const int64_t all = open_call("a", GR_OPEN_WRITE | GR_OPEN_APPEND);
  answer[i++] = a > 0 && all > 0;
  answer[i++] = handle_call(GR_CALL_WRITE, a, 0, 100) == 100;
  answer[i++] = handle_call(GR_CALL_WRITE, all, 0, 1) == 1;
  answer[i++] = handle_call(GR_CALL_READ, a, 0, 200) == 101;
  answer[i++] = handle_call(GR_CALL_STAT, a, 0, 0) == 0;
  answer[i++] = handle_call(GR_CALL_TRUNCATE, a, 10, 0) == 0;
  answer[i++] = handle_call(GR_CALL_SYNC, a, 0, 0) == 0;
  answer[i++] = handle_call(GR_CALL_SYNC, open_call(".", GR_OPEN_READ), 0, 0) == 0;
  answer[i++] = handle_call(GR_CALL_LOG, 0, 0, 10) == 10;
  answer[i++] = handle_call(GR_CALL_CLOSE, a, 0, 0) == 0;
  answer[i++] = path_call(GR_CALL_UNLINK, "a", 0) == 0;
  return unused;
}

/* Some of what it could do without. */
static void *others(void *unused)
{
  const long self = (long)getpid(); /* before: the C library asks the kernel */
  uint32_t i = 0;
  confined = gr_relay_confine();
  answer[i++] = raw(SYS_openat, AT_FDCWD, (long)secret, O_RDONLY, 0);
  answer[i++] = raw(SYS_open, (long)secret, O_RDONLY, 0, 0);
  answer[i++] = raw(SYS_socket, AF_INET, SOCK_STREAM, 0, 0);
  answer[i++] = raw(SYS_execve, (long)"/bin/true", 0, 0, 0);
  answer[i++] = raw(SYS_fork, 0, 0, 0, 0);
  answer[i++] = raw(SYS_kill, self, SIGTERM, 0, 0);
  answer[i++] = raw(SYS_ptrace, 0, 0, 0, 0);
  answer[i++] = raw(SYS_prctl, 4 /* PR_SET_DUMPABLE */, 0, 0, 0);
  answer[i++] = raw(SYS_ioctl, 0, 0x5401, 0, 0);
  answer[i++] = raw(SYS_fcntl, context.root, F_DUPFD, 0, 0);
  answer[i++] = raw(SYS_dup, context.root, 0, 0, 0);
  answer[i++] = raw(SYS_renameat, context.root, (long)"f", context.root, (long)"g");
  answer[i++] = raw(SYS_chmod, (long)secret, 0777, 0, 0);
  answer[i++] = raw(SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS);
  answer[i++] = raw(SYS_mprotect, (long)memory & ~4095L, 4096, PROT_READ | PROT_EXEC, 0);
  return unused;
}

static uint32_t run(void *(*main)(void *))
{
  pthread_t thread;
  for (uint32_t i = 0; i < ANSWERS; i++) {
    answer[i] = INT64_MAX;
  }
  cr_assert_eq(pthread_create(&thread, NULL, main, NULL), 0);
  cr_assert_eq(pthread_join(thread, NULL), 0);
  if (confined == -EOPNOTSUPP) {
    cr_skip_test("built without libseccomp");
  }
  cr_assert_eq(confined, 0);
  uint32_t count = 0;
  while (count < ANSWERS && answer[count] != INT64_MAX) {
    count++;
  }
  return count;
}

Test(relay_confine, what_ops_ask_for_is_done)
{
  cr_assert_eq(run(calls), 11);
  for (uint32_t i = 0; i < 11; i++) {
    cr_assert_eq(answer[i], 1, "call %u", i);
  }
}

Test(relay_confine, nothing_else_is)
{
  snprintf(secret, sizeof secret, "%s", file_make(out, "f", "secret"));
  file_make(in, "f", "mine");
  cr_assert_eq(run(others), 15);
  for (uint32_t i = 0; i < 15; i++) {
    cr_assert_eq(answer[i], -EPERM, "system call %u answered %lld", i, (long long)answer[i]);
  }
  cr_assert_eq(entries(in), 3);
}

Test(relay_confine, other_threads_are_as_free_as_before)
{
  run(others);
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  cr_assert_geq(fd, 0);
  close(fd);
  const pid_t child = fork();
  if (child == 0) {
    _exit(0);
  }
  cr_assert_gt(child, 0);
  cr_assert_eq(waitpid(child, NULL, 0), child);
}
