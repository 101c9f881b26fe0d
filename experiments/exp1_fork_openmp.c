/* exp1_fork_openmp.c - openmp_tasks: the same tree by OpenMP's tasks and taskwait, on one thread.
 *
 * Compiled with -fopenmp, as exp1_openmp.c. The region has one thread, pinned; every part of a fork
 * is a task, as GROSR's are. An engine may run a task at once where it is made (libgomp: from 64
 * tasks on); that is its own way of doing the work itself.
 *
 * Next: exp1_image.c */
#include "exp1_fork.h"

#include <stdlib.h>

#ifdef _OPENMP
#include <omp.h>

struct thread {
  uint64_t *out;
};

/* Leaves first ... last - 1. */
static void split(uint64_t *out, const struct exp1_tree *tree, uint64_t first, uint64_t last)
{
  const uint64_t count = last - first;
  if (count == 1u) {
    EXP1_BODY(out + first, EXP1_A(first), EXP1_B(first), tree->salt);
    return;
  }
  const uint64_t fan = tree->fan < count ? tree->fan : count;
  for (uint64_t i = 0; i < fan; i++) {
    const uint64_t from = first + count * i / fan, to = first + count * (i + 1u) / fan;
#pragma omp task firstprivate(out, tree, from, to)
    split(out, tree, from, to);
  }
#pragma omp taskwait
}

static int thread_fork(void *state, const struct exp1_tree *tree, uint64_t *ns)
{
  (void)ns;
  const struct thread *thread = state;
  split(thread->out, tree, 0, tree->leaves);
  return 0;
}

int exp1_run_openmp_tasks(struct hx_point *point)
{
  struct exp1_tree tree;
  int result = exp1_tree_of(point, &tree);
  struct thread thread = {.out = NULL};
  if (result < 0) {
    return result;
  }
  thread.out = calloc(tree.leaves, sizeof(*thread.out));
  if (thread.out == NULL) {
    return hx_fail(point, "no memory for the results of that many leaves");
  }
  const struct exp1_forker forker = {.fork = thread_fork, .state = &thread, .out = thread.out};
#pragma omp parallel num_threads(1) shared(result)
  {
    hx_pin(point, 0);
    result = exp1_fork_measure(point, &forker);
  }
  free(thread.out);
  return result;
}

#else
int exp1_run_openmp_tasks(struct hx_point *point)
{
  return exp1_probe_openmp(point);
}
#endif
