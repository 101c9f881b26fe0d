/* test_device_relay.c - ops that ask the host, the mediator that answers, and what it refuses.
 * Next: test_relay_files.c. */
#include "test_tool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <grosr/relay.h>

#include "test_relay.h"

GROSR_IMAGE(relay_test);

#define JOBS      200u
#define JOB_BYTES 1024u /* of each job: itself, then its buffer */
#define BUFFER    512u

static char folder[64];
static unsigned char *shared;
static uint64_t shared_device;

static struct relay_job *job_at(uint32_t i)
{
  return (struct relay_job *)(void *)(shared + (size_t)i * JOB_BYTES);
}
static unsigned char *buffer_at(uint32_t i)
{
  return shared + (size_t)i * JOB_BYTES + BUFFER;
}

static void open_relay(struct tool *tool, enum grosr_idle_mode idle)
{
  void *host = NULL;
  strcpy(folder, "/tmp/grosr-relay-XXXXXX");
  CHECK(tool, mkdtemp(folder) != NULL);
  tool->options.image = &grosr_image_relay_test;
  tool->options.relay = 1;
  tool->options.relay_idle = idle;
  tool_open(tool);
  CHECK_EQ(tool, grosr_shared_take(tool->g, JOBS * JOB_BYTES, &host, &shared_device), 0);
  shared = host;
}

static void close_relay(struct tool *tool)
{
  char path[128];
  tool_close(tool, 0);
  snprintf(path, sizeof path, "%s/file", folder);
  unlink(path);
  rmdir(folder);
}

static void grant(struct tool *tool, uint32_t context, uint32_t calls)
{
  struct grosr_grant to;
  grosr_grant_init(&to);
  to.calls = calls;
  to.may_write = 1;
  to.root = folder;
  to.regions = 1;
  to.region[0] = (struct grosr_region){shared, shared_device, JOBS * JOB_BYTES};
  CHECK_EQ(tool, grosr_relay_grant(tool->g, context, &to), 0);
}

static struct grosr_task task_of(struct tool *tool, const char *op, uint32_t i, uint32_t context)
{
  struct grosr_task task = tool_task(tool, op, shared_device + (uint64_t)i * JOB_BYTES, 0);
  task.context = context;
  return task;
}

/* One call by job 0, of context 0: its result. */
static int64_t ask(struct tool *tool, struct gr_call call)
{
  const struct grosr_task task = task_of(tool, "ask", 0, 0);
  job_at(0)->call = call;
  job_at(0)->result = -1000;
  CHECK_EQ(tool, tool_run(tool, &task), 0);
  return job_at(0)->result;
}

static struct gr_call call_of(uint32_t kind, uint32_t handle, uint64_t bytes, uint64_t offset)
{
  return (struct gr_call){.kind = (uint16_t)kind, .handle = handle, .bytes = bytes,
                          .offset = offset, .address = shared_device + BUFFER};
}

static int64_t ask_open(struct tool *tool, const char *path, uint64_t mode)
{
  struct gr_call call = call_of(GR_CALL_OPEN, 0, strlen(path), 0);
  call.mode = mode;
  memcpy(buffer_at(0), path, strlen(path));
  return ask(tool, call);
}

static void a_call_comes_back(struct tool *tool)
{
  for (uint32_t idle = 0; idle <= GROSR_IDLE_QUIET; idle++) {
    struct grosr_relay_stats stats;
    open_relay(tool, (enum grosr_idle_mode)idle);
    grant(tool, 0, GROSR_CALLS_ALL);
    for (uint32_t i = 0; i < 200; i++) {
      CHECK_EQ(tool, ask(tool, call_of(GR_CALL_NULL, 0, 0, 0)), 0);
    }
    tool_nap_ns(2000000); /* it may fall asleep */
    CHECK_EQ(tool, ask(tool, call_of(GR_CALL_NULL, 0, 0, 0)), 0);
    CHECK_EQ(tool, ask(tool, call_of(77, 0, 0, 0)), -ENOSYS);
    CHECK_EQ(tool, grosr_relay_stats(tool->g, &stats), 0);
    close_relay(tool);
  }
}

static void every_lane_asks(struct tool *tool)
{
  enum { TASKS = 16, CALLS = 50 };
  grosr_ticket ticket[TASKS];
  open_relay(tool, GROSR_IDLE_BALANCED);
  grant(tool, 0, GROSR_CALL_NULL);
  for (uint32_t i = 0; i < TASKS; i++) {
    struct grosr_task task = task_of(tool, "ask_lanes", i, 0);
    task.arg[2] = CALLS;
    ticket[i] = tool_submit(tool, &task);
  }
  for (uint32_t i = 0; i < TASKS; i++) {
    CHECK_EQ(tool, tool_wait(tool, ticket[i]), CALLS * tool->lanes);
  }
  close_relay(tool);
}

static void a_file_is_written_and_read(struct tool *tool)
{
  char path[128];
  struct stat stat_host;
  struct gr_call_stat stat_device;
  open_relay(tool, GROSR_IDLE_BALANCED);
  grant(tool, 0, GROSR_CALLS_ALL);
  const int64_t handle = ask_open(tool, "file", GR_OPEN_BOTH | GR_OPEN_CREATE);
  CHECK(tool, handle > 0);
  for (uint32_t i = 0; i < 100; i++) {
    memset(buffer_at(0), (int)i, 300);
    CHECK_EQ(tool, ask(tool, call_of(GR_CALL_WRITE, (uint32_t)handle, 300, i * 300u)), 300);
  }
  for (uint32_t i = 0; i < 100; i++) {
    memset(buffer_at(0), 0xff, 300);
    CHECK_EQ(tool, ask(tool, call_of(GR_CALL_READ, (uint32_t)handle, 300, i * 300u)), 300);
    CHECK_EQ(tool, buffer_at(0)[0], i);
    CHECK_EQ(tool, buffer_at(0)[299], i);
  }
  CHECK_EQ(tool, ask(tool, call_of(GR_CALL_READ, (uint32_t)handle, 300, 29900)), 100);
  CHECK_EQ(tool, ask(tool, call_of(GR_CALL_READ, (uint32_t)handle, 300, 30000)), 0);
  CHECK_EQ(tool, ask(tool, call_of(GR_CALL_STAT, (uint32_t)handle, sizeof stat_device, 0)), 0);
  memcpy(&stat_device, buffer_at(0), sizeof stat_device);
  snprintf(path, sizeof path, "%s/file", folder);
  CHECK_EQ(tool, stat(path, &stat_host), 0);
  CHECK_EQ(tool, stat_device.bytes, 30000);
  CHECK_EQ(tool, stat_host.st_size, 30000);
  CHECK_EQ(tool, ask(tool, call_of(GR_CALL_CLOSE, (uint32_t)handle, 0, 0)), 0);
  CHECK_EQ(tool, ask(tool, call_of(GR_CALL_READ, (uint32_t)handle, 1, 0)), -EBADF);
  CHECK_EQ(tool, ask_open(tool, "../etc/passwd", GR_OPEN_READ), -EXDEV);
  close_relay(tool);
}

static void file_make(struct tool *tool, uint32_t bytes)
{
  char path[128];
  snprintf(path, sizeof path, "%s/file", folder);
  FILE *file = fopen(path, "w");
  CHECK(tool, file != NULL);
  for (uint32_t i = 0; file != NULL && i < bytes; i++) {
    fputc((int)(i % 251u), file);
  }
  if (file != NULL) {
    fclose(file);
  }
}

/* As many files are read at once as there are jobs, piece by piece, and no team waits. */
static void who_asks_goes_on_when_it_is_answered(struct tool *tool)
{
  enum { BYTES = 5000 };
  grosr_ticket ticket[JOBS];
  uint64_t sum = 0;
  open_relay(tool, GROSR_IDLE_BALANCED);
  grant(tool, 0, GROSR_CALLS_ALL);
  file_make(tool, BYTES);
  for (uint32_t i = 0; i < BYTES; i++) {
    sum += i % 251u;
  }
  const int64_t handle = ask_open(tool, "file", GR_OPEN_READ);
  for (uint32_t i = 0; i < JOBS; i++) {
    *job_at(i) = (struct relay_job){.call = call_of(GR_CALL_READ, (uint32_t)handle, 500, 0)};
    job_at(i)->call.address = shared_device + (uint64_t)i * JOB_BYTES + BUFFER;
    const struct grosr_task task = task_of(tool, "sum_begin", i, 0);
    ticket[i] = tool_submit(tool, &task);
  }
  for (uint32_t i = 0; i < JOBS; i++) {
    CHECK_EQ(tool, tool_wait(tool, ticket[i]), 0);
    CHECK_EQ(tool, job_at(i)->sum, sum);
    CHECK_EQ(tool, job_at(i)->done, BYTES);
  }
  const struct grosr_task task = task_of(tool, "ask_then", 0, 0);
  job_at(0)->call = call_of(GR_CALL_READ, 0x12345, 1, 0);
  CHECK_EQ(tool, tool_run(tool, &task), 7);
  CHECK_EQ(tool, job_at(0)->result, -EBADF);
  close_relay(tool);
}

static void what_was_not_granted_is_refused(struct tool *tool)
{
  struct grosr_grant to;
  struct grosr_relay_stats stats;
  uint32_t other;
  open_relay(tool, GROSR_IDLE_BALANCED);
  CHECK_EQ(tool, ask(tool, call_of(GR_CALL_NULL, 0, 0, 0)), -EACCES); /* nothing was granted */
  grant(tool, 0, GROSR_CALL_NULL | GROSR_CALL_READ);
  CHECK_EQ(tool, ask(tool, call_of(GR_CALL_NULL, 0, 0, 0)), 0);
  CHECK_EQ(tool, ask_open(tool, "file", GR_OPEN_READ), -EPERM);
  struct gr_call call = call_of(GR_CALL_READ, 1, 16, 0);
  call.address = shared_device + JOBS * JOB_BYTES - 15u;
  CHECK_EQ(tool, ask(tool, call), -EFAULT);
  grosr_grant_init(&to);
  CHECK_EQ(tool, grosr_relay_grant(tool->g, 0, &to), -EEXIST);
  CHECK_EQ(tool, grosr_relay_grant(tool->g, 9, &to), -EINVAL);
  to.calls = GROSR_CALLS_ALL + 1u;
  CHECK_EQ(tool, grosr_context_open(tool->g, &other), 0);
  CHECK_EQ(tool, grosr_relay_grant(tool->g, other, &to), -EINVAL);
  to.calls = GROSR_CALLS_ALL;
  to.root = "/nowhere/at/all";
  CHECK_EQ(tool, grosr_relay_grant(tool->g, other, &to), -ENOENT);
  const struct grosr_task task = task_of(tool, "ask_then", 0, other);
  job_at(0)->call = call_of(GR_CALL_NULL, 0, 0, 0);
  CHECK_EQ(tool, tool_run(tool, &task), -EACCES);
  CHECK_EQ(tool, grosr_relay_stats(NULL, &stats), -EINVAL);
  close_relay(tool);
}

/* Its calls are answered or cancelled, its descriptors are closed, and nobody else's. */
static void a_context_ends_with_calls_out(struct tool *tool)
{
  grosr_ticket ticket[JOBS];
  uint32_t context;
  open_relay(tool, GROSR_IDLE_BALANCED);
  grant(tool, 0, GROSR_CALLS_ALL);
  file_make(tool, 1000);
  const int64_t own = ask_open(tool, "file", GR_OPEN_READ);
  const unsigned before = tool_proc_count("fd");
  for (uint32_t round = 0; round < 5; round++) {
    CHECK_EQ(tool, grosr_context_open(tool->g, &context), 0);
    grant(tool, context, GROSR_CALLS_ALL);
    for (uint32_t i = 1; i < JOBS; i++) {
      memcpy(buffer_at(i), "file", 4);
      *job_at(i) = (struct relay_job){.call = call_of(GR_CALL_OPEN, 0, 4, 0)};
      job_at(i)->call.address = shared_device + (uint64_t)i * JOB_BYTES + BUFFER;
      const struct grosr_task task = task_of(tool, i % 2u == 0 ? "ask_then" : "ask", i, context);
      ticket[i] = tool_submit(tool, &task);
    }
    CHECK_EQ(tool, grosr_context_kill(tool->g, context), 0);
    for (uint32_t i = 1; i < JOBS; i++) {
      const int32_t result = tool_wait(tool, ticket[i]);
      CHECK(tool, result == 0 || result == 7 || result == -ECANCELED);
    }
    CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
    CHECK_EQ(tool, grosr_context_close(tool->g, context), 0);
    CHECK_EQ(tool, tool_proc_count("fd"), before);
    CHECK_EQ(tool, ask(tool, call_of(GR_CALL_READ, (uint32_t)own, 100, 0)), 100);
  }
  close_relay(tool);
}

/* One call is no batch of eight: it is answered when its time has come. */
static void a_batch_is_waited_for_and_not_for_ever(struct tool *tool)
{
  enum { BATCH_NS = 3000000 };
  tool->options.relay_batch = 8;
  tool->options.relay_batch_ns = BATCH_NS;
  open_relay(tool, GROSR_IDLE_BALANCED);
  grant(tool, 0, GROSR_CALL_NULL);
  const uint64_t begin_ns = tool_now_ns();
  CHECK_EQ(tool, ask(tool, call_of(GR_CALL_NULL, 0, 0, 0)), 0);
  CHECK(tool, tool_now_ns() - begin_ns >= BATCH_NS);
  close_relay(tool);
}

/* Where it is built with libseccomp: test_relay_confine.c tells what that means. */
static void the_mediator_is_confined(struct tool *tool)
{
  struct grosr_relay_stats stats;
  tool->options.relay_confine = GROSR_CONFINE_NEVER;
  open_relay(tool, GROSR_IDLE_BALANCED);
  grant(tool, 0, GROSR_CALL_NULL);
  CHECK_EQ(tool, ask(tool, call_of(GR_CALL_NULL, 0, 0, 0)), 0);
  CHECK_EQ(tool, grosr_relay_stats(tool->g, &stats), 0);
  CHECK_EQ(tool, stats.confined, 0);
  close_relay(tool);
#ifdef GROSR_HAVE_SECCOMP
  tool->options.relay_confine = GROSR_CONFINE_ALWAYS;
#else
  tool->options.relay_confine = GROSR_CONFINE_IF_POSSIBLE;
#endif
  open_relay(tool, GROSR_IDLE_BALANCED);
  grant(tool, 0, GROSR_CALL_NULL);
  CHECK_EQ(tool, ask(tool, call_of(GR_CALL_NULL, 0, 0, 0)), 0);
  CHECK_EQ(tool, grosr_relay_stats(tool->g, &stats), 0);
#ifdef GROSR_HAVE_SECCOMP
  CHECK_EQ(tool, stats.confined, 1);
#endif
  close_relay(tool);
}

int main(int argc, char **argv)
{
  const struct tool_case cases[] = {
      {"a call comes back", a_call_comes_back},
      {"every lane asks", every_lane_asks},
      {"a file is written and read", a_file_is_written_and_read},
      {"who asks goes on when it is answered", who_asks_goes_on_when_it_is_answered},
      {"what was not granted is refused", what_was_not_granted_is_refused},
      {"a context ends with calls out", a_context_ends_with_calls_out},
      {"a batch is waited for, and not for ever", a_batch_is_waited_for_and_not_for_ever},
      {"the mediator is confined", the_mediator_is_confined},
      {NULL, NULL},
  };
  return tool_main(argc, argv, cases);
}
