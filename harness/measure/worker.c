/* worker.c - the process that measures: runs the points it is told to, and keeps each as a block.
 *
 * See run.h for what it hears and says. It says nothing while a point is running, and writes no
 * file then. It ends when the supervisor closes the pipe, after a signal, or when an experiment
 * ends the process; a supervisor that is gone takes it along (supervise.c, PR_SET_PDEATHSIG).
 *
 * Next: point.c */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hx_limits.h"
#include "interrupt.h"
#include "pin.h"
#include "run.h"

/* The point whose run() is running; for one that calls exit(), as a simulation that went wrong
 * does. */
static struct inside {
  const struct hx_run *run; /* NULL: none */
  struct hx_block_place place;
  struct hx_point *point;
  FILE *out;
  pid_t pid; /* a child that it forked may exit as it likes */
} inside;

static int keep(FILE *out, const struct hx_block_place *place, const struct hx_point *point)
{
  const int result = hx_block_write(place, point);
  if (result < 0)
    fprintf(out, "lost %zu %d\n", place->index, -result);
  else
    fprintf(out, "end %zu %s %s\n", place->index, hx_point_verdict_text(point->verdict),
            point->reason);
  fflush(out);
  return result;
}

/* Called by exit(). Nothing of the experiment is called any more, it may be in any state. */
static void end_inside(int status, void *unused)
{
  const struct hx_run *run = inside.run;
  (void)status;
  (void)unused;
  if (run == NULL || inside.pid != getpid())
    return;
  const struct hx_simulator *simulator = run->experiment->simulator;
  const char *what = simulator != NULL ? simulator->violation() : "";
  if (what[0] != '\0')
    hx_fail(inside.point, "the simulation went wrong (seed %" PRIu64 "): %s", run->args.seed, what);
  else
    hx_fail(inside.point, "the experiment ended the process");
  inside.point->end_ns = hx_now_ns();
  keep(inside.out, &inside.place, inside.point);
  inside.run = NULL;
}

static int run_block(const struct hx_run *run, const struct hx_block_place *place,
                     uint64_t limit_ns, FILE *out)
{
  const struct hx_simulator *simulator = run->experiment->simulator;
  const struct hx_point_setup setup = {.plan = &run->plan,
                                       .index = place->index,
                                       .process = place->process,
                                       .device = run->choice.device,
                                       .tier = run->args.tier,
                                       .seed = run->args.seed,
                                       .limit_ns = limit_ns,
                                       .sample_goal = run->samples};
  struct hx_point point;
  int result = hx_point_init(&point, &setup);
  if (result < 0) {
    fprintf(out, "lost %zu %d\n", place->index, -result);
    fflush(out);
    return result;
  }
  if (simulator != NULL)
    simulator->begin(run->args.seed);
  inside = (struct inside){run, *place, &point, out, getpid()};
  hx_point_run(&point);
  inside.run = NULL;
  hx_pin_release();
  if (hx_interrupted()) {
    fprintf(out, "stop %zu %d\n", place->index, hx_interrupt_signal());
    fflush(out);
    result = -EINTR;
  } else {
    result = keep(out, place, &point);
  }
  hx_point_fini(&point);
  return result;
}

int hx_worker(struct hx_run *run)
{
  int fd[2] = {-1, -1};
  char line[96];
  if (sscanf(run->args.worker, "%d,%d", &fd[0], &fd[1]) != 2)
    return HX_EXIT_USAGE;
  FILE *in = fdopen(fd[0], "re");
  FILE *out = fdopen(fd[1], "we");
  if (in == NULL || out == NULL || hx_interrupt_init() < 0)
    return HX_EXIT_HARNESS;
  on_exit(end_inside, NULL);
  fprintf(out, "ready\n");
  fflush(out);
  while (fgets(line, sizeof(line), in) != NULL) {
    struct hx_block_place place = {run->folder, run->choice.device, run->binary_sha256, 0, 0};
    uint64_t limit_ns = 0;
    if (sscanf(line, "%zu %u %" SCNu64, &place.index, &place.process, &limit_ns) != 3 ||
        place.index >= run->plan.point_count)
      return HX_EXIT_HARNESS;
    if (run_block(run, &place, limit_ns, out) < 0)
      break;
  }
  return HX_EXIT_OK;
}
