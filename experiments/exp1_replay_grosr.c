/* exp1_replay_grosr.c - a resident graph of GROSR (grosr/graph.h): replay_grosr, replay_grosr_loop,
 * replay_grosr_full.
 *
 * replay_grosr launches an instance and waits for its ticket, for each replay. replay_grosr_loop
 * launches once for all replays of an interval: a predicate on the device says when it is enough.
 * Both have the runtime's own number of teams, which leaves a core to the host; replay_grosr_full
 * has a team for each core, and its host waits beside them.
 *
 * Next: exp1_cpu.c */
#include "exp1_replay.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <grosr/graph.h>

#include "exp1_grosr.h"

#define WORDS_LEFT 16u /* replays that the predicate still wants; a line of its own */
#define CELL_WORDS (sizeof(struct exp1_cell) / sizeof(uint64_t))

enum instance { PLAIN = 0, TIMED = 1, LOOP = 2, INSTANCES };

struct resident {
  struct exp1_grosr run;
  struct exp1_graph graph;
  uint32_t instance[INSTANCES];
  bool loops;
  bool is_far;
  uint64_t replays; /* in all */
  uint64_t looks;   /* of the predicate */
};

static int launch(struct resident *resident, uint32_t instance)
{
  grosr_ticket ticket;
  int32_t answer = 0;
  int result = grosr_graph_launch(resident->run.g, instance, 0, &ticket);
  if (result == 0) {
    result = grosr_wait(resident->run.g, ticket, EXP1_WAIT_NS, &answer);
  }
  return result < 0 ? result : answer;
}

static int resident_replay(void *state, bool timed, uint64_t times)
{
  struct resident *resident = state;
  int result = 0;
  resident->replays += times;
  if (resident->loops && !timed) {
    resident->looks += times;
    resident->run.words[0] = times;
    return launch(resident, resident->instance[LOOP]);
  }
  for (uint64_t n = 0; n < times && result == 0; n++) {
    result = launch(resident, resident->instance[timed ? TIMED : PLAIN]);
  }
  return result;
}

static int add_nodes(struct resident *resident, struct grosr_graph *graph, uint64_t how)
{
  struct grosr_node node = {0};
  int result = grosr_op(resident->run.g, "node", &node.op);
  for (uint32_t i = 0; i < resident->graph.nodes && result == 0; i++) {
    uint32_t index = 0;
    const struct exp1_node made = exp1_node_make(
        &resident->graph, resident->run.device + WORDS_LEFT * sizeof(uint64_t), i, how);
    memcpy(node.arg, made.arg, sizeof(node.arg));
    result = grosr_graph_node(graph, &node, &index);
  }
  return result;
}

static int add_edges(const struct resident *resident, struct grosr_graph *graph)
{
  const uint32_t sink = resident->graph.nodes - 1u;
  int result = 0;
  for (uint32_t i = 1; i <= sink && result == 0; i++) {
    if (!resident->graph.is_fan) {
      result = grosr_graph_edge(graph, i - 1u, i);
    } else if (i < sink) {
      result = grosr_graph_edge(graph, 0, i);
      result = result < 0 ? result : grosr_graph_edge(graph, i, sink);
    }
  }
  return result;
}

static int make_instance(struct resident *resident, enum instance which)
{
  struct grosr_graph *graph = NULL;
  struct grosr_node again = {.arg = {resident->run.device}};
  const uint64_t how =
      (resident->is_far ? 0u : EXP1_NODE_HERE) | (which == TIMED ? EXP1_NODE_TIMED : 0u);
  int result = grosr_graph_new(&graph);
  if (result == 0) {
    result = add_nodes(resident, graph, how);
  }
  if (result == 0) {
    result = add_edges(resident, graph);
  }
  if (result == 0 && which == LOOP) {
    result = grosr_op(resident->run.g, "node_again", &again.op);
    result = result < 0 ? result : grosr_graph_loop(graph, &again);
  }
  if (result == 0) {
    result = grosr_graph_instantiate(resident->run.g, graph, &resident->instance[which]);
  }
  grosr_graph_free(graph);
  return result;
}

/* Every node of every replay was a task that ended. */
static int check_tasks(struct resident *resident)
{
  struct grosr_stats stats;
  const uint64_t wanted = resident->replays * resident->graph.nodes + resident->looks;
  if (grosr_wait_all(resident->run.g, EXP1_WAIT_NS) < 0 ||
      grosr_stats(resident->run.g, &stats) < 0) {
    return exp1_grosr_fail(&resident->run, "at the end");
  }
  if (stats.submitted != wanted) {
    return hx_fail(resident->run.point, "%" PRIu64 " tasks in %" PRIu64 " replays, not %" PRIu64,
                   stats.submitted, resident->replays, wanted);
  }
  return 0;
}

static int run_resident(struct hx_point *point, bool loops, uint32_t teams)
{
  static struct resident resident;
  resident = (struct resident){.loops = loops, .is_far = strncmp(hx_device(point), "cuda", 4) == 0};
  int result = exp1_graph_of(point, &resident.graph);
  if (result < 0) {
    return result;
  }
  const struct exp1_grosr_want want = {.words = WORDS_LEFT + resident.graph.nodes * CELL_WORDS,
                                       .teams = teams,
                                       .graph_nodes = INSTANCES * (resident.graph.nodes + 16u)};
  result = exp1_grosr_open(&resident.run, point, &want);
  if (result < 0) {
    return result;
  }
  for (enum instance which = PLAIN; which < INSTANCES && result == 0; which++) {
    result = make_instance(&resident, which);
  }
  if (result < 0) {
    return exp1_grosr_close(&resident.run, exp1_grosr_fail(&resident.run, "graph"));
  }
  const struct exp1_replayer replayer = {
      .graph = resident.graph,
      .replay = resident_replay,
      .state = &resident,
      .cell = (struct exp1_cell *)(void *)(resident.run.words + WORDS_LEFT),
      .is_far = resident.is_far,
  };
  result = exp1_replay_measure(point, &replayer);
  result = result < 0 ? result : check_tasks(&resident);
  return exp1_grosr_close(&resident.run, result);
}

int exp1_run_replay_grosr(struct hx_point *point)
{
  return run_resident(point, false, 0);
}

int exp1_run_replay_grosr_loop(struct hx_point *point)
{
  return run_resident(point, true, 0);
}

int exp1_run_replay_grosr_full(struct hx_point *point)
{
  return run_resident(point, false, hx_core_count());
}
