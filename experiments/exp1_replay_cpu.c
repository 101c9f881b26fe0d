/* exp1_replay_cpu.c - what a graph costs where nothing is scheduled: replay_serial, replay_spin.
 *
 * replay_serial calls the nodes one after the other, on one thread. replay_spin is what a
 * programmer writes by hand for this one graph, on all cores, each thread pinned: in a chain the
 * next node is the next thread's, handed over by a shared counter; in a fan each thread has its
 * share of the middle, between two barriers.
 *
 *   measuring thread, core 0                       worker k, core k
 *   fills the job, job = n             ------->    waits for job != the last
 *   both: nodes of the job, handed over by turn, or in step by arrived; a barrier ends the job
 *
 * word      writer            order: why
 * job       measuring thread  release/acquire: who sees the number sees what is to be done
 * turn      whose turn it is  release/acquire: who sees it sees what the nodes before have written
 * arrived   all, by addition  acqrel, acquire: the same, for all who arrive
 *
 * Promised: every wait ends, by EXP1_SPINS_MAX; workers are joined before return.
 *
 * Next: exp1_openmp.c */
#include "exp1_replay.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "exp1.h"

#define LINE_BYTES  128
#define THREADS_MAX 256u

struct spinners {
  _Atomic uint64_t job __attribute__((aligned(LINE_BYTES)));
  _Atomic uint64_t turn __attribute__((aligned(LINE_BYTES)));
  _Atomic uint64_t arrived __attribute__((aligned(LINE_BYTES)));
  /* Of the job at hand. */
  const struct exp1_node *node __attribute__((aligned(LINE_BYTES)));
  uint64_t times;
  uint64_t turns;    /* taken before this job */
  uint64_t barriers; /* passed before it */
  bool is_over;
  /* For good. */
  struct hx_point *point;
  struct exp1_graph graph;
  struct exp1_nodes nodes;
  unsigned threads;
  struct spinner {
    struct spinners *all;
    pthread_t thread;
    unsigned id;
    int pinned;
  } thread[THREADS_MAX];
};

static bool wait_for(_Atomic uint64_t *word, uint64_t value)
{
  for (uint64_t spins = 0; spins < EXP1_SPINS_MAX; spins++) {
    if (atomic_load_explicit(word, memory_order_acquire) >= value) {
      return true;
    }
  }
  return false;
}

/* All threads have come to this place for the `count`th time. */
static bool barrier(struct spinners *all, uint64_t count)
{
  atomic_fetch_add_explicit(&all->arrived, 1u, memory_order_acq_rel);
  return wait_for(&all->arrived, count * all->threads);
}

static bool chain_run(struct spinners *all, unsigned id)
{
  const uint64_t end = all->turns + all->times * all->graph.nodes;
  uint32_t index = id % all->graph.nodes;
  for (uint64_t turn = all->turns + id; turn < end; turn += all->threads) {
    if (!wait_for(&all->turn, turn)) {
      return false;
    }
    exp1_node_call(&all->node[index]);
    atomic_store_explicit(&all->turn, turn + 1u, memory_order_release);
    index = (index + all->threads) % all->graph.nodes;
  }
  return wait_for(&all->turn, end) && barrier(all, all->barriers + 1u);
}

static bool fan_run(struct spinners *all, unsigned id)
{
  const uint32_t sink = all->graph.nodes - 1u;
  const uint64_t share = (sink - 1u + all->threads - 1u) / all->threads;
  const uint64_t first = 1u + id * share;
  const uint64_t last = first + share < sink ? first + share : sink;
  const uint64_t end = all->barriers + 2u * all->times;
  for (uint64_t count = all->barriers; count < end;) {
    if (id == 0u) {
      exp1_node_call(&all->node[0]);
    }
    if (!barrier(all, ++count)) {
      return false;
    }
    for (uint64_t i = first; i < last; i++) {
      exp1_node_call(&all->node[i]);
    }
    if (!barrier(all, ++count)) {
      return false;
    }
    if (id == 0u) {
      exp1_node_call(&all->node[sink]);
    }
  }
  return barrier(all, end + 1u);
}

static bool run_share(struct spinners *all, unsigned id)
{
  return all->graph.is_fan ? fan_run(all, id) : chain_run(all, id);
}

static void *spinner_main(void *argument)
{
  struct spinner *self = argument;
  struct spinners *all = self->all;
  self->pinned = hx_pin(all->point, self->id);
  for (uint64_t job = 1;; job++) {
    while (!wait_for(&all->job, job)) { /* the bound is the measuring thread's, which says stop */
    }
    if (all->is_over) {
      return NULL;
    }
    run_share(all, self->id); /* who waits for us in vain says so */
  }
}

static void post_job(struct spinners *all)
{
  const uint64_t job = atomic_load_explicit(&all->job, memory_order_relaxed);
  atomic_store_explicit(&all->job, job + 1u, memory_order_release);
}

static int spin_replay(void *state, bool timed, uint64_t times)
{
  struct spinners *all = state;
  all->node = all->nodes.node[timed];
  all->times = times;
  post_job(all);
  const bool is_done = run_share(all, 0);
  all->turns += all->graph.is_fan ? 0u : times * all->graph.nodes;
  all->barriers += 1u + (all->graph.is_fan ? 2u * times : 0u);
  return is_done ? 0 : -ETIMEDOUT;
}

/* The workers, or as many as there could be. */
static int start_workers(struct spinners *all)
{
  const unsigned wanted = hx_core_count() < THREADS_MAX ? hx_core_count() : THREADS_MAX;
  int result = 0;
  for (all->threads = 1; all->threads < wanted && result == 0; all->threads += result == 0) {
    struct spinner *worker = &all->thread[all->threads];
    worker->all = all;
    worker->id = all->threads;
    result = -pthread_create(&worker->thread, NULL, spinner_main, worker);
  }
  return result;
}

int exp1_run_replay_spin(struct hx_point *point)
{
  static struct spinners all;
  all = (struct spinners){.point = point};
  int result = exp1_graph_of(point, &all.graph);
  if (result == 0) {
    result = exp1_nodes_take(point, &all.graph, &all.nodes);
  }
  if (result < 0) {
    return result;
  }
  const struct exp1_replayer replayer = {
      .graph = all.graph, .replay = spin_replay, .state = &all, .cell = all.nodes.cell};
  result = start_workers(&all);
  hx_pin(point, 0u);
  hx_note(point, "threads", "%u, pinned", all.threads);
  result = result < 0 ? result : exp1_replay_measure(point, &replayer);
  all.is_over = true;
  post_job(&all);
  for (unsigned id = 1; id < all.threads; id++) {
    pthread_join(all.thread[id].thread, NULL);
    if (all.thread[id].pinned < 0) {
      hx_note(point, "pinning", "a worker could not be pinned");
    }
  }
  free(all.nodes.block);
  return result;
}

static int serial_replay(void *state, bool timed, uint64_t times)
{
  const struct spinners *all = state;
  for (uint64_t n = 0; n < times; n++) {
    for (uint32_t i = 0; i < all->graph.nodes; i++) {
      exp1_node_call(&all->nodes.node[timed][i]);
    }
  }
  return 0;
}

int exp1_run_replay_serial(struct hx_point *point)
{
  static struct spinners all;
  all = (struct spinners){.point = point};
  int result = exp1_graph_of(point, &all.graph);
  if (result == 0) {
    result = exp1_nodes_take(point, &all.graph, &all.nodes);
  }
  if (result < 0) {
    return result;
  }
  const struct exp1_replayer replayer = {
      .graph = all.graph, .replay = serial_replay, .state = &all, .cell = all.nodes.cell};
  hx_pin(point, 0u);
  result = exp1_replay_measure(point, &replayer);
  free(all.nodes.block);
  return result;
}
