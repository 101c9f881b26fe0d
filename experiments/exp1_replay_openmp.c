/* exp1_replay_openmp.c - replay_openmp: tasks with `depend`, made anew for each replay.
 *
 * Compiled with -fopenmp, as exp1_openmp.c. One thread per core, each pinned; the main thread makes
 * the tasks and waits by taskwait, the others help. One word is enough for both shapes: a chain's
 * tasks each write it, in a fan all but the first and the last read it; so an engine that hashes
 * addresses finds one entry.
 *
 * Next: exp1_replay_tbb.cpp */
#include "exp1_replay.h"

#include <stdlib.h>

#include "exp1.h"

#ifdef _OPENMP
#include <omp.h>

struct tasks {
  struct exp1_graph graph;
  struct exp1_nodes nodes;
};

static void chain_once(const struct exp1_node *node, uint32_t nodes)
{
  uint64_t word = 0; /* stands for what is handed on */
  (void)word;
  for (uint32_t i = 0; i < nodes; i++) {
#pragma omp task depend(inout : word) firstprivate(node, i)
    exp1_node_call(&node[i]);
  }
#pragma omp taskwait
}

static void fan_once(const struct exp1_node *node, uint32_t nodes)
{
  uint64_t word = 0;
  (void)word;
#pragma omp task depend(out : word) firstprivate(node)
  exp1_node_call(&node[0]);
  for (uint32_t i = 1; i < nodes - 1u; i++) {
#pragma omp task depend(in : word) firstprivate(node, i)
    exp1_node_call(&node[i]);
  }
#pragma omp task depend(inout : word) firstprivate(node, nodes)
  exp1_node_call(&node[nodes - 1u]);
#pragma omp taskwait
}

static int tasks_replay(void *state, bool timed, uint64_t times)
{
  const struct tasks *tasks = state;
  for (uint64_t n = 0; n < times; n++) {
    if (tasks->graph.is_fan) {
      fan_once(tasks->nodes.node[timed], tasks->graph.nodes);
    } else {
      chain_once(tasks->nodes.node[timed], tasks->graph.nodes);
    }
  }
  return 0;
}

int exp1_run_replay_openmp(struct hx_point *point)
{
  struct tasks tasks;
  const int threads = (int)hx_core_count();
  int result = exp1_graph_of(point, &tasks.graph);
  if (result == 0) {
    result = exp1_nodes_take(point, &tasks.graph, &tasks.nodes);
  }
  if (result < 0) {
    return result;
  }
#pragma omp parallel num_threads(threads)
  hx_pin(point, (unsigned)omp_get_thread_num());
  const char *policy = getenv("OMP_WAIT_POLICY");
  hx_note(point, "openmp", "%d threads, pinned; OMP_WAIT_POLICY=%s; _OPENMP %d", threads,
          policy == NULL ? "(unset)" : policy, _OPENMP);
  const struct exp1_replayer replayer = {
      .graph = tasks.graph, .replay = tasks_replay, .state = &tasks, .cell = tasks.nodes.cell};
#pragma omp parallel num_threads(threads) shared(result)
  {
#pragma omp master
    result = exp1_replay_measure(point, &replayer);
  }
  free(tasks.nodes.block);
  return result;
}

#else
int exp1_run_replay_openmp(struct hx_point *point)
{
  return exp1_probe_openmp(point);
}
#endif
