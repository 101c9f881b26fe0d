/* exp1_openmp.c - engines of OpenMP: openmp_task, openmp_task_all, openmp_parallel.
 *
 * The only file that is compiled with -fopenmp; built without it, the variants say so. One thread
 * per core, each pinned. openmp_task: the main thread makes a task for each task and waits by
 * taskwait for a window of them; openmp_task_all waits once, at the end. openmp_parallel: a
 * parallel region for each window, its loop dealt out one task at a time; its latencies are those
 * of a region whose last thread runs the body.
 *
 * Next: exp1_opencl.c */
#include "exp1.h"

#include <errno.h>
#include <stdlib.h>

#ifdef _OPENMP
#include <omp.h>

struct team {
  struct hx_point *point;
  uint64_t *out;
  int threads;
};

static void run_body(uint64_t *out, const struct exp1_work *work)
{
  if (work->timed) {
    EXP1_BODY_TIMED(out + work->slot, work->a, work->b, work->c, hx_now_ns);
  } else {
    EXP1_BODY(out + work->slot, work->a, work->b, work->c);
  }
}

static int task_once(void *state, const struct exp1_work *work)
{
  const struct team *team = state;
  uint64_t *out = team->out;
#pragma omp task firstprivate(out, work)
  run_body(out, work);
#pragma omp taskwait
  return 0;
}

/* Tasks first ... last - 1, and a taskwait. */
static void make_tasks(uint64_t *out, uint64_t first, uint64_t last, uint64_t salt)
{
  for (uint64_t i = first; i < last; i++) {
#pragma omp task firstprivate(out, i, salt)
    EXP1_BODY(out + i, EXP1_A(i), EXP1_B(i), salt);
  }
#pragma omp taskwait
}

static int task_load(void *state, const struct exp1_load *load)
{
  const struct team *team = state;
  for (uint64_t first = 0; first < load->tasks; first += load->window) {
    const uint64_t left = load->tasks - first;
    make_tasks(team->out, first, first + (left < load->window ? left : load->window), load->salt);
  }
  return 0;
}

static int task_load_all(void *state, const struct exp1_load *load)
{
  const struct team *team = state;
  make_tasks(team->out, 0, load->tasks, load->salt);
  return 0;
}

static int parallel_once(void *state, const struct exp1_work *work)
{
  const struct team *team = state;
#pragma omp parallel num_threads(team->threads)
  {
    if (omp_get_thread_num() == omp_get_num_threads() - 1) {
      run_body(team->out, work);
    }
  }
  return 0;
}

static int parallel_load(void *state, const struct exp1_load *load)
{
  const struct team *team = state;
  for (uint64_t first = 0; first < load->tasks; first += load->window) {
    const uint64_t left = load->tasks - first;
    const uint64_t last = first + (left < load->window ? left : load->window);
#pragma omp parallel for schedule(dynamic, 1) num_threads(team->threads)
    for (uint64_t i = first; i < last; i++) {
      EXP1_BODY(team->out + i, EXP1_A(i), EXP1_B(i), load->salt);
    }
  }
  return 0;
}

/* Makes the team before anything is timed, and pins it; libgomp keeps the threads. */
static int team_init(struct team *team, struct hx_point *point)
{
  *team = (struct team){.point = point, .threads = (int)hx_core_count()};
  team->out = exp1_results_take(point);
  if (team->out == NULL) {
    return -ENOMEM;
  }
#pragma omp parallel num_threads(team->threads)
  hx_pin(point, (unsigned)omp_get_thread_num());
  const char *policy = getenv("OMP_WAIT_POLICY");
  hx_note(point, "openmp", "%d threads, pinned; OMP_WAIT_POLICY=%s; _OPENMP %d", team->threads,
          policy == NULL ? "(unset)" : policy, _OPENMP);
  return 0;
}

/* Tasks need a region around them; the others help from its end barrier. */
static int run_tasks(struct hx_point *point, bool all)
{
  struct team team;
  int result = team_init(&team, point);
  if (result < 0) {
    return result;
  }
  const struct exp1_engine engine = {
      .once = all ? NULL : task_once,
      .load = all ? task_load_all : task_load,
      .state = &team,
      .out = team.out,
      .no_window = all,
  };
#pragma omp parallel num_threads(team.threads) shared(result)
  {
#pragma omp master
    result = exp1_measure(point, &engine);
  }
  free(team.out);
  return result;
}

int exp1_probe_openmp(struct hx_point *point)
{
  (void)point;
  return 0;
}

int exp1_run_openmp_task(struct hx_point *point)
{
  return run_tasks(point, false);
}

int exp1_run_openmp_task_all(struct hx_point *point)
{
  return run_tasks(point, true);
}

int exp1_run_openmp_parallel(struct hx_point *point)
{
  struct team team;
  int result = team_init(&team, point);
  if (result < 0) {
    return result;
  }
  const struct exp1_engine engine = {
      .once = parallel_once, .load = parallel_load, .state = &team, .out = team.out};
  result = exp1_measure(point, &engine);
  free(team.out);
  return result;
}

#else
int exp1_probe_openmp(struct hx_point *point)
{
  return hx_unmet(point, "built without OpenMP; use a compiler that has it, -Dopenmp=enabled");
}
int exp1_run_openmp_task(struct hx_point *point)
{
  return exp1_probe_openmp(point);
}
int exp1_run_openmp_task_all(struct hx_point *point)
{
  return exp1_probe_openmp(point);
}
int exp1_run_openmp_parallel(struct hx_point *point)
{
  return exp1_probe_openmp(point);
}
#endif
