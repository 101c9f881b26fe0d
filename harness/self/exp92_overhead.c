/* exp92_overhead.c - the harness measured: what it costs, and whether equals come out equal.
 *
 *   noop      a point that does nothing: sample_ns is what one turn of a measuring loop costs in
 *             all (hx_more, two clock reads, hx_sample), over a whole series up to its goal, with
 *             the looks at the interval's width in it; share_pct is that as a part of the shortest
 *             interval that hx_batch() gives. None of it but one clock read is in an interval.
 *   clock     clock_ns, a read of hx_now_ns()
 *   process   process_us, until a new worker says that it is ready: what each process of
 *             --processes costs before its first block
 *   same_a, same_b   the same work under two names: chain_us of both must come out equal
 *
 * exp91_injected is its third part: arms that differ by a known amount. Built into harness/self/,
 * so that `grosr run all` does not run it: GROSR_EXPERIMENTS_DIR=build/harness/self grosr run all.
 * Next: cmd_calibrate.c */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "self_chain.h"
#include "harness/hx.h"

#define CLOCK_READS 1000u
#define CHAIN_STEPS 20000u   /* 15 us */
#define WARM_STEPS  5000000u /* 4 ms */

/* Values of `filler` are spread so that hx_more() never finds their interval narrow: it looks as
 * often as it ever does. One sample of sample_ns and share_pct a process. */
static int run_noop(struct hx_point *point)
{
  const double interval_ns = (double)hx_batch(point, 1.0);
  uint64_t count = 0;
  uint64_t clocks_ns = 0;
  hx_pin(point, 0);
  self_chain(1u, WARM_STEPS);
  const uint64_t begin_ns = hx_now_ns();
  for (; hx_more(point, "filler"); count++) {
    const uint64_t start_ns = hx_now_ns();
    const uint64_t end_ns = hx_now_ns();
    clocks_ns += end_ns - start_ns;
    hx_sample(point, "filler", (double)(count * 7919u % 1000u));
  }
  const double sample_ns = (double)(hx_now_ns() - begin_ns) / (double)count;
  hx_sample(point, "sample_ns", sample_ns);
  hx_sample(point, "share_pct", 100.0 * sample_ns / interval_ns);
  hx_note(point, "overhead",
          "%.1f ns a sample, mean of %llu, of that %.1f ns between its two clock reads; %.3f %% of "
          "the shortest batched interval, %.2f us",
          sample_ns, (unsigned long long)count, (double)clocks_ns / (double)count,
          100.0 * sample_ns / interval_ns, interval_ns / 1e3);
  return 0;
}

static int run_clock(struct hx_point *point)
{
  hx_pin(point, 0);
  self_chain(1u, WARM_STEPS);
  while (hx_more(point, "clock_ns")) {
    const uint64_t start_ns = hx_now_ns();
    uint64_t last_ns = start_ns;
    for (unsigned i = 0; i < CLOCK_READS; i++) {
      const uint64_t now_ns = hx_now_ns();
      if (now_ns < last_ns)
        return hx_fail(point, "the clock went back by %llu ns",
                       (unsigned long long)(last_ns - now_ns));
      last_ns = now_ns;
    }
    hx_sample(point, "clock_ns", (double)(last_ns - start_ns) / CLOCK_READS);
  }
  return 0;
}

/* This binary as a worker that is told to do nothing (harness/measure/run.h). What it says into
 * `answer`, its length, or negative. */
static long start_worker(char *answer, size_t answer_bytes)
{
  int to[2], from[2];
  int status = 0;
  char option[48];
  if (pipe2(to, O_CLOEXEC) < 0)
    return -errno;
  if (pipe2(from, O_CLOEXEC) < 0) {
    const int error = -errno;
    close(to[0]);
    close(to[1]);
    return error;
  }
  snprintf(option, sizeof(option), "--worker=%d,%d", to[0], from[1]);
  const pid_t pid = fork();
  if (pid == 0) {
    fcntl(to[0], F_SETFD, 0);
    fcntl(from[1], F_SETFD, 0);
    execl("/proc/self/exe", "exp92_overhead", option, (char *)NULL);
    _exit(127);
  }
  const long error = pid < 0 ? -errno : 0;
  close(to[0]);
  close(from[1]);
  const ssize_t bytes = pid > 0 ? read(from[0], answer, answer_bytes - 1) : 0;
  answer[bytes > 0 ? bytes : 0] = '\0';
  close(to[1]); /* it ends */
  close(from[0]);
  if (pid > 0)
    waitpid(pid, &status, 0);
  return error < 0 ? error : status == 0 ? bytes : -ECHILD;
}

static int run_process(struct hx_point *point)
{
  while (hx_more(point, "process_us")) {
    char answer[64] = "";
    const uint64_t start_ns = hx_now_ns();
    const long result = start_worker(answer, sizeof(answer));
    const uint64_t end_ns = hx_now_ns();
    if (result < 0)
      return hx_fail(point, "a worker did not start: %s", strerror((int)-result));
    if (strcmp(answer, "ready\n") != 0)
      return hx_fail(point, "a worker said '%s', not 'ready'", answer);
    hx_sample(point, "process_us", (double)(end_ns - start_ns) / 1e3);
  }
  return 0;
}

static int run_same(struct hx_point *point)
{
  const uint64_t wanted = self_chain_end(1u, CHAIN_STEPS);
  hx_pin(point, 0);
  self_chain(1u, WARM_STEPS);
  while (hx_more(point, "chain_us")) {
    const uint64_t start_ns = hx_now_ns();
    const uint64_t got = self_chain(1u, CHAIN_STEPS);
    const uint64_t end_ns = hx_now_ns();
    if (got != wanted)
      return hx_fail(point, "the chain ends in %llu, not %llu", (unsigned long long)got,
                     (unsigned long long)wanted);
    hx_sample(point, "chain_us", (double)(end_ns - start_ns) / 1e3);
  }
  return 0;
}

int main(int argc, char **argv)
{
  static const struct hx_metric metrics[] = {{"sample_ns", "ns"},
                                             {"share_pct", "%"},
                                             {"clock_ns", "ns"},
                                             {"process_us", "us"},
                                             {"chain_us", "us"},
                                             {"filler", "1"},
                                             {0}};
  static const struct hx_factor factors[] = {{0}};
  static const struct hx_variant variants[] = {
      {"noop", "cpu", NULL, run_noop, ""},       {"clock", "cpu", NULL, run_clock, ""},
      {"process", "cpu", NULL, run_process, ""}, {"same_a", "cpu", NULL, run_same, ""},
      {"same_b", "cpu", NULL, run_same, ""},     {0}};
  static const struct hx_experiment experiment = {
      .name = "exp92_overhead",
      .title = "what the harness costs, and whether equals come out equal",
      .metrics = metrics,
      .factors = factors,
      .variants = variants};
  return hx_main(argc, argv, &experiment);
}
