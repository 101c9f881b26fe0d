/* supervise.c - has the missing blocks measured, and survives whatever a worker does.
 *
 * One worker at a time, in a process group of its own, so that a hang is ended with all that it
 * started. While a worker measures, this process sleeps in poll(). A signal that asks to stop is
 * handed to the worker, which drops the point it is in.
 *
 * Next: worker.c */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hx_limits.h"
#include "interrupt.h"
#include "progress.h"
#include "run.h"

#define ANSWER_BYTES (HX_REASON_BYTES + 128u)

/* SIGINT and SIGTERM are blocked but while we wait for an answer, so that none comes too early. */
static sigset_t open_mask;

struct worker {
  pid_t pid; /* 0: none */
  int to, from;
  char answer[ANSWER_BYTES]; /* what has come of the next line */
  size_t answer_bytes;
};

/* In the child: this binary again, with the pipes' ends. */
static void become_worker(char **argv, int in, int out, pid_t parent)
{
  char option[48];
  size_t argc = 0;
  while (argv[argc] != NULL)
    argc++;
  char **args = calloc(argc + 2, sizeof(*args));
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (args == NULL || getppid() != parent)
    _exit(127);
  sigprocmask(SIG_SETMASK, &open_mask, NULL);
  snprintf(option, sizeof(option), "--worker=%d,%d", in, out);
  memcpy(args, argv, argc * sizeof(*args));
  args[argc] = option;
  execv("/proc/self/exe", args);
  _exit(127);
}

static int start(struct worker *worker, char **argv)
{
  int to[2], from[2];
  const pid_t parent = getpid();
  if (pipe2(to, O_CLOEXEC) < 0)
    return -errno;
  if (pipe2(from, O_CLOEXEC) < 0) {
    const int error = -errno;
    close(to[0]);
    close(to[1]);
    return error;
  }
  const pid_t pid = fork();
  if (pid == 0) {
    fcntl(to[0], F_SETFD, 0);
    fcntl(from[1], F_SETFD, 0);
    become_worker(argv, to[0], from[1], parent);
  }
  const int error = pid < 0 ? -errno : 0;
  close(to[0]);
  close(from[1]);
  *worker = (struct worker){.pid = pid > 0 ? pid : 0, .to = to[1], .from = from[0]};
  if (pid > 0)
    setpgid(pid, pid); /* as the child does: whoever comes first */
  return error;
}

/* Waits for its end; the status of waitpid(). `is_killed`: with all that it has started. */
static int end(struct worker *worker, bool is_killed)
{
  int status = 0;
  if (worker->pid == 0)
    return 0;
  if (is_killed)
    kill(-worker->pid, SIGKILL);
  close(worker->to);
  close(worker->from);
  while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR) {
  }
  kill(-worker->pid, SIGKILL); /* children that it left behind */
  *worker = (struct worker){0};
  return status;
}

/* One line of what it says, without its end. 1; 0: it is gone; -ETIMEDOUT; -EINTR: a signal. */
static int hear(struct worker *worker, uint64_t until_ns, char line[ANSWER_BYTES])
{
  for (;;) {
    char *end_of_line = memchr(worker->answer, '\n', worker->answer_bytes);
    if (end_of_line != NULL) {
      const size_t bytes = (size_t)(end_of_line - worker->answer);
      memcpy(line, worker->answer, bytes);
      line[bytes] = '\0';
      worker->answer_bytes -= bytes + 1;
      memmove(worker->answer, end_of_line + 1, worker->answer_bytes);
      return 1;
    }
    const uint64_t now_ns = hx_now_ns();
    if (now_ns >= until_ns)
      return -ETIMEDOUT;
    struct pollfd poll_fd = {.fd = worker->from, .events = POLLIN};
    const struct timespec wait = {(time_t)((until_ns - now_ns) / 1000000000u),
                                  (long)((until_ns - now_ns) % 1000000000u)};
    const bool was_interrupted = hx_interrupted();
    const int ready = ppoll(&poll_fd, 1, &wait, &open_mask);
    if (ready < 0 && hx_interrupted() && !was_interrupted)
      return -EINTR;
    if (ready <= 0)
      continue;
    const ssize_t got = read(worker->from, worker->answer + worker->answer_bytes,
                             sizeof(worker->answer) - worker->answer_bytes);
    if (got <= 0)
      return 0;
    worker->answer_bytes += (size_t)got;
    if (worker->answer_bytes == sizeof(worker->answer))
      worker->answer[sizeof(worker->answer) - 1] = '\n';
  }
}

static int start_ready(struct worker *worker, char **argv, struct hx_why *why)
{
  char line[ANSWER_BYTES];
  const int error = start(worker, argv);
  if (error < 0)
    return hx_refuse(why, error, "cannot start a worker: %s", strerror(-error));
  const int heard = hear(worker, hx_now_ns() + HX_WORKER_START_NS, line);
  if (heard == 1 && strcmp(line, "ready") == 0)
    return 0;
  end(worker, true);
  return heard == -EINTR ? -EINTR
                         : hx_refuse(why, -ESRCH,
                                     "a worker did not come up within %u s; what it "
                                     "printed says why",
                                     (unsigned)(HX_WORKER_START_NS / 1000000000u));
}

/* What became of a worker that said nothing more. */
static void lost_reason(int status, bool is_late, double seconds, char *reason, size_t bytes)
{
  if (is_late)
    snprintf(reason, bytes, "no answer after %.0f s: ended by force; --point-timeout gives more",
             seconds);
  else if (WIFSIGNALED(status))
    snprintf(reason, bytes, "ended by signal %d (%s)", WTERMSIG(status),
             strsignal(WTERMSIG(status)));
  else
    snprintf(reason, bytes, "the process ended with status %d", WEXITSTATUS(status));
}

struct job {
  struct hx_run *run;
  struct hx_supervised *out;
  struct hx_progress progress;
  struct worker worker;
  char **argv;
};

static int keep_lost(struct job *job, const struct hx_block_place *place, bool is_late,
                     double seconds)
{
  char reason[HX_REASON_BYTES];
  const char *status = is_late ? "timeout" : "crashed";
  lost_reason(end(&job->worker, true), is_late, seconds, reason, sizeof(reason));
  job->out->failed++;
  job->out->ran++;
  hx_progress_end(&job->progress, place->index, status, reason);
  return hx_block_write_lost(place, &job->run->plan, status, reason, seconds);
}

/* A worker in which a signal has arrived, or that is told of ours, drops its point and ends. */
static void stop(struct job *job)
{
  char line[ANSWER_BYTES];
  kill(job->worker.pid, hx_interrupt_signal());
  while (hear(&job->worker, hx_now_ns() + HX_WORKER_STOP_NS, line) == 1) {
  }
  end(&job->worker, true);
  job->out->dropped++;
  job->out->signal = hx_interrupt_signal();
}

/* The worker's answer to a block. 0; -EINTR: the run is to stop; else it could not be kept. */
static int take_answer(struct job *job, const struct hx_block_place *place, const char *line)
{
  size_t index = 0;
  int number = 0;
  char status[16] = "";
  int at = 0;
  if (sscanf(line, "end %zu %15s %n", &index, status, &at) == 2 && index == place->index) {
    const bool is_good = strcmp(status, "ok") == 0 || strcmp(status, "skipped") == 0;
    job->out->ran++;
    job->out->failed += is_good ? 0 : 1;
    hx_progress_end(&job->progress, place->index, status, line + at);
    return 0;
  }
  if (sscanf(line, "stop %zu %d", &index, &number) == 2) {
    end(&job->worker, false);
    job->out->dropped++;
    job->out->signal = number;
    return -EINTR;
  }
  if (sscanf(line, "lost %zu %d", &index, &number) == 2)
    return -number;
  return -EPROTO;
}

static int run_block(struct job *job, const struct hx_block_place *place, uint64_t limit_ns,
                     struct hx_why *why)
{
  char line[ANSWER_BYTES];
  const uint64_t patience_ns = job->run->args.point_timeout_ns != 0
                                   ? job->run->args.point_timeout_ns
                                   : HX_HANG_TIMES * limit_ns + HX_HANG_NS;
  if (job->worker.pid == 0) {
    const int error = start_ready(&job->worker, job->argv, why);
    if (error < 0)
      return error;
  }
  hx_progress_begin(&job->progress, place->index);
  const uint64_t begin_ns = hx_now_ns();
  dprintf(job->worker.to, "%zu %u %" PRIu64 "\n", place->index, place->process, limit_ns);
  const int heard = hear(&job->worker, begin_ns + patience_ns, line);
  if (heard == 1)
    return take_answer(job, place, line);
  if (heard == -EINTR) {
    stop(job);
    return -EINTR;
  }
  return keep_lost(job, place, heard == -ETIMEDOUT, (double)(hx_now_ns() - begin_ns) * 1e-9);
}

/* Which blocks are missing, in run order; and how many are wanted. */
static bool *find_missing(const struct hx_run *run, struct hx_supervised *out)
{
  const size_t count = run->plan.point_count * run->processes;
  bool *is_missing = calloc(count + 1, sizeof(*is_missing));
  for (size_t i = 0; is_missing != NULL && i < count; i++) {
    const struct hx_block_place place = {run->folder, run->choice.device, run->binary_sha256,
                                         i % run->plan.point_count,
                                         (unsigned)(i / run->plan.point_count)};
    char id[HX_ID_BYTES];
    hx_plan_id(&run->plan, &run->plan.point[place.index], place.device, id);
    if (!hx_plan_wants(&run->args, id))
      continue;
    out->planned++;
    is_missing[i] = !hx_block_is_done(&place, &run->plan, run->args.retry);
    out->done_before += is_missing[i] ? 0 : 1;
  }
  return is_missing;
}

size_t hx_supervise_missing(const struct hx_run *run)
{
  struct hx_supervised out = {0};
  free(find_missing(run, &out));
  return out.planned - out.done_before;
}

int hx_supervise(struct hx_run *run, char **argv, struct hx_supervised *out, struct hx_why *why)
{
  struct job job = {.run = run, .out = out, .argv = argv};
  const size_t points = run->plan.point_count;
  int result = 0;
  sigset_t blocked;
  *out = (struct hx_supervised){0};
  why->text[0] = '\0';
  signal(SIGPIPE, SIG_IGN);
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGINT);
  sigaddset(&blocked, SIGTERM);
  sigprocmask(SIG_BLOCK, &blocked, &open_mask);
  bool *is_missing = find_missing(run, out);
  if (is_missing == NULL)
    return hx_refuse(why, -ENOMEM, "out of memory for the list of blocks");
  size_t to_come = out->planned - out->done_before;
  hx_progress_open(&job.progress, &run->plan, to_come, hx_run_limit_ns(run, to_come) * to_come);
  for (size_t i = 0; i < points * run->processes && result == 0 && !hx_interrupted(); i++) {
    const struct hx_block_place place = {run->folder, run->choice.device, run->binary_sha256,
                                         i % points, (unsigned)(i / points)};
    if (place.index == 0 && job.worker.pid != 0)
      end(&job.worker, false); /* a process of its own for each round */
    if (is_missing[i])
      result = run_block(&job, &place, hx_run_limit_ns(run, to_come--), why);
  }
  end(&job.worker, false);
  hx_progress_close(&job.progress);
  free(is_missing);
  sigprocmask(SIG_SETMASK, &open_mask, NULL);
  if (hx_interrupted())
    out->signal = hx_interrupt_signal();
  if (result == -ESRCH || (result < 0 && why->text[0] != '\0'))
    return result;
  out->error = result == -EINTR ? 0 : result;
  return 0;
}
