/* relay_confine.c - the mediator's thread, and no other, may make no system call but those that
 * calls of ops need (relay.h): seccomp(2), by libseccomp.
 *
 * So whoever should ever get the mediator to do what it was not meant to has a thread that makes no
 * process, no socket and no executable memory, sends no signal and opens by openat2 alone; what
 * that may open is not the list's to say, which sees no paths. What is not on it answers EPERM.
 *
 * Beside the calls themselves the list has what the C library, a sanitizer's runtime and the end of
 * a thread need: memory that is not executable, futexes, clocks, naps. All signals are blocked, as
 * a handler of the user's would run under the same list.
 *
 * Next: mediator.c. */
#include "host/relay.h"

#include <errno.h>

#ifdef GROSR_HAVE_SECCOMP
#include <fcntl.h>
#include <pthread.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>

/* Those with no condition. */
static const int allowed[] = {
    /* what ops ask for */
    SCMP_SYS(openat2), SCMP_SYS(close), SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(write),
    SCMP_SYS(fstat), SCMP_SYS(ftruncate), SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(unlinkat),
    /* to wait, to be woken, to yield */
    SCMP_SYS(futex), SCMP_SYS(sched_yield), SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep),
    SCMP_SYS(clock_gettime), SCMP_SYS(restart_syscall),
    /* memory, and the thread's end */
    SCMP_SYS(munmap), SCMP_SYS(madvise), SCMP_SYS(brk), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(gettid), SCMP_SYS(getpid),
    SCMP_SYS(exit), SCMP_SYS(exit_group)};

/* Those with one. */
static int rules_add(scmp_filter_ctx filter)
{
  const struct {
    int number;
    struct scmp_arg_cmp argument;
  } rule[] = {{SCMP_SYS(fcntl), SCMP_A1(SCMP_CMP_EQ, F_SETFL)},
              {SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
              {SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
              /* fstat(3) of glibc, from 2.33 on */
              {SCMP_SYS(newfstatat), SCMP_A3(SCMP_CMP_EQ, AT_EMPTY_PATH)}};
  int error = 0;
  for (size_t i = 0; error == 0 && i < sizeof allowed / sizeof allowed[0]; i++) {
    error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
  }
  for (size_t i = 0; error == 0 && i < sizeof rule / sizeof rule[0]; i++) {
    error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, rule[i].number, 1, rule[i].argument);
  }
  return error;
}

int gr_relay_confine(void)
{
  sigset_t signals;
  sigfillset(&signals);
  const scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
  int error = filter != NULL ? 0 : -ENOMEM;
  if (error == 0) {
    /* Else older kernels slow the thread down against speculation (SSBD), as it runs no code of
     * others. */
    error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);
    error = error == -EOPNOTSUPP ? 0 : error;
  }
  error = error != 0 ? error : rules_add(filter);
  error = error != 0 ? error : -pthread_sigmask(SIG_BLOCK, &signals, NULL);
  error = error != 0 ? error : seccomp_load(filter);
  if (filter != NULL) {
    seccomp_release(filter);
  }
  return error;
}
#else
int gr_relay_confine(void)
{
  return -EOPNOTSUPP;
}
#endif
