/* scenario_work.c - protocols of larger pieces of work, for every schedule to be tried: tiles
 * and graphs.
 *
 * Next: scenario_idle.c. */
#include "device/microkernel.h"
#include "device/graph_build.h"
#include "sim/protocol.h"
#include "sim/scenario.h"

/* ---- tiles: two parts of a task of three ---- */
static struct {
  struct gr_dev *dev;
  struct gr_team *team[2];
  uint64_t *words; /* a line apart, plain: per tile, how often it was run */
  uint64_t bad;    /* tile that fails */
} tiles;

/* Who ends the task has seen what every tile wrote. */
static void tiles_complete(const void *address, uint64_t before, uint64_t after)
{
  uint64_t run = 0;
  (void)address;
  gr_sim_expect(GR_COMPLETION_GENERATION(before) == 0u && GR_COMPLETION_GENERATION(after) == 3u);
  for (uint32_t i = 0; i < 3u; i++) {
    run += tiles.words[16u * i];
  }
  gr_sim_expect(GR_COMPLETION_RESULT(after) == (tiles.bad < 3u ? -7 : 0));
  gr_sim_expect(run == 3u || tiles.bad < 3u);
}

static void *tiles_part(void *argument)
{
  struct gr_team *team = tiles.team[(uintptr_t)argument];
  team->own.flags = GR_FLAG_PART;
  team->own.tiles = 3u;
  bool goes_on = gr_part_begin(team);
  while (goes_on) {
    team->result = 0;
    for (uint32_t i = gr_tile_first(team); i < gr_tile_end(team); i++) {
      tiles.words[16u * i] += 1u;
      team->result = tiles.bad == i ? -7 : team->result;
    }
    gr_task_end(team, GR_FROM_QUEUE);
    goes_on = team->part == GR_PART_GOES_ON;
  }
  return NULL;
}

static void tiles_live(uint64_t bad)
{
  struct gr_dev *dev = tiles.dev = gr_protocol_dev(2);
  const uint32_t slot = 0;
  struct gr_task task = {{0}, {{0}}};
  task.flags = GR_DONE_HOST;
  task.generation = 3u;
  task.tiles = 3u;
  tiles.bad = bad;
  tiles.words = gr_sim_take("words", 512);
  tiles.team[0] = gr_protocol_team(dev, 0);
  tiles.team[1] = gr_protocol_team(dev, 1);
  gr_sim_watch(&dev->completion[slot], sizeof dev->completion[slot], tiles_complete);
  gr_sim_expect(gr_tiles_fill(dev, &task, 2u) == 1u && gr_tiles_take(dev) == 0u);
  const uint32_t id = gr_protocol_spawn("part 1", tiles_part, (void *)1);
  tiles_part(NULL);
  while (gr_tiles_fill(dev, &task, 2u) == 0u) { /* given back: nobody touches it any more (I18) */
    gr_sim_retry(0);
  }
  gr_sim_join(id);
  gr_sim_expect(GR_COMPLETION_GENERATION(gr_load_acquire_sys_u64(&dev->completion[slot])) == 3u);
  gr_sim_expect(tiles.team[0]->completed + tiles.team[1]->completed == 1u);
  for (uint32_t i = 0; i < 3u; i++) {
    gr_sim_expect(tiles.words[16u * i] == 1u || (tiles.bad < i && tiles.words[16u * i] == 0u));
  }
}

void gr_scenario_tiles(void *argument)
{
  (void)argument;
  tiles_live(UINT64_MAX);
}

/* The first failure is told, and what was not claimed is not run. */
void gr_scenario_tiles_fail(void *argument)
{
  (void)argument;
  tiles_live(0u);
}

/* ---- graph: two roots, a node behind both, and a predicate ---- */
enum { ROOT = 0, OTHER = 1, BOTH = 2, END = 3, NODES = 4 };
static struct {
  struct gr_team *team[2];
  uint64_t *words; /* a line apart, plain: per node, how often it was run */
  bool fails;
} graph;

static struct gr_dev *graph_begin(bool fails)
{
  static const uint32_t edges[] = {BOTH, BOTH, END, ROOT, OTHER};
  static const uint32_t fan_in[NODES] = {0, 0, 2, 1};
  struct gr_dev *dev = gr_protocol_dev(2);
  for (uint32_t i = 0; i < 5u; i++) {
    dev->edge[i] = edges[i];
  }
  for (uint32_t i = 0; i < NODES; i++) {
    dev->node[i].fan_in = fan_in[i];
    dev->node[i].first_edge = i;
    dev->node[i].edges = i != END ? 1u : 0u;
    dev->node[i].task.flags = GR_DONE_GRAPH;
    dev->node[i].task.done = i;
  }
  dev->graph->state.v = 1u << 16;
  dev->graph->first_root = 3u;
  dev->graph->roots = 2u;
  dev->graph->end = END;
  dev->graph->tasks = NODES;
  graph.fails = fails;
  graph.words = gr_sim_take("words", NODES * 128u);
  graph.team[0] = gr_protocol_team(dev, 0);
  graph.team[1] = gr_protocol_team(dev, 1);
  gr_sim_name(&dev->node[BOTH].arrivals, 4u, 0, "arrivals");
  return dev;
}

/* Runs team->own, a node: what came before has been run as often as it, and can be read plainly. */
static void node_run(struct gr_team *team)
{
  const uint32_t node = team->own.done;
  team->result = 0;
  team->task = &team->own;
  if (team->own.op == GR_OP_SKIP) {
    gr_task_refuse(team, GR_FROM_SELF, GR_E_CANCELED);
    return;
  }
  const uint64_t times = ++graph.words[16u * node];
  gr_sim_expect(node < BOTH || graph.words[16u * (node - 1u)] == times);
  gr_sim_expect(node != BOTH || graph.words[0] == times);
  gr_sim_expect(!graph.fails || node < BOTH);
  if (graph.fails && node == OTHER) {
    team->result = -7;
  }
  gr_task_end(team, GR_FROM_SELF);
}

/* Works until the run is complete. */
static void *graph_work(void *argument)
{
  struct gr_team *team = graph.team[(uintptr_t)argument];
  struct gr_dev *dev = team->dev;
  uint64_t ran = 0;
  while (GR_COMPLETION_GENERATION(gr_load_acquire_sys_u64(dev->completion)) != 3u) {
    if (team->has_next != 0u) {
      team->own = team->next;
      team->has_next = 0u;
    } else if (gr_sched_pull(team, false) != GR_OK) {
      gr_sim_retry(ran);
      continue;
    }
    node_run(team);
    ran++;
  }
  return NULL;
}

static void graph_live(bool fails)
{
  struct gr_dev *dev = graph_begin(fails);
  struct gr_team *team = graph.team[0];
  team->own.op = GR_OP_GRAPH;
  team->own.flags = GR_DONE_HOST;
  team->own.generation = 3u;
  team->own.arg[0] = 1u << 16;
  const uint32_t id = gr_protocol_spawn("team 1", graph_work, (void *)1);
  team->source = GR_FROM_INGRESS;
  gr_sim_expect(gr_task_unfold(team) == GR_TURN_NOTHING);
  graph_work(NULL);
  /* Told: it can be launched again, by anybody (I19). */
  gr_sim_expect(gr_load_acquire_gpu_u32(&dev->graph->state) == 1u << 16);
  for (uint32_t i = 0; i < NODES; i++) { /* plainly */
    gr_sim_expect(graph.words[16u * i] == (!fails || i < BOTH ? 1u : 0u));
  }
  gr_sim_join(id);
  gr_sim_expect(GR_COMPLETION_RESULT(gr_load_acquire_sys_u64(dev->completion)) == (fails ? -7 : 0));
  gr_sim_expect(team->completed + graph.team[1]->completed == NODES + 1u);
}

void gr_scenario_graph(void *argument)
{
  (void)argument;
  graph_live(false);
}

void gr_scenario_graph_fail(void *argument)
{
  (void)argument;
  graph_live(true);
}

/* ---- graph_build: an op builds an instance, then again, while another launches it ---- */
static int32_t chain_build(struct gr_team *team)
{
  struct gr_task nodes[2] = {0};
  const uint32_t edge[2] = {0, 1};
  const struct gr_graph_plan plan = {nodes, edge, 2, 1, NULL};
  nodes[0].arg[0] = nodes[1].arg[0] = 42u;
  return gr_graph_build(team, 1u << 16, &plan);
}

/* The second time there may be a run in the way. */
static void *build_twice(void *argument)
{
  struct gr_team *team = argument;
  const int32_t status = chain_build(team);
  gr_sim_expect(status == GR_OK);
  const int32_t again = chain_build(team);
  gr_sim_expect(again == GR_OK || again == GR_E_BUSY);
  return NULL;
}

void gr_scenario_graph_build(void *argument)
{
  (void)argument;
  struct gr_dev *dev = graph_begin(false);
  struct gr_team *team = graph.team[0];
  dev->ops = 1u;
  dev->graph->state.v = 1u << 16 | GR_GRAPH_BARE;
  dev->graph->node_room = 3u;
  dev->graph->edge_room = 1u;
  gr_sim_name(&dev->graph->state, 4u, 0, "state");
  const uint32_t id = gr_protocol_spawn("builder", build_twice, graph.team[1]);
  team->own.op = GR_OP_GRAPH;
  team->own.flags = GR_DONE_HOST;
  team->own.arg[0] = 1u << 16;
  int32_t status;
  for (uint32_t tries = 0;; tries++) {
    status = gr_graph_launch(team);
    if (status == GR_OK || tries == 2u) {
      break;
    }
    gr_sim_expect(status == GR_E_NOENT || status == GR_E_BUSY);
    gr_sim_retry(tries);
  }
  for (uint32_t ran = 0; status == GR_OK && ran < 2u; ran++) {
    gr_sim_expect(team->has_next != 0u && team->next.arg[0] == 42u && team->next.done == ran);
    team->own = team->next;
    team->has_next = 0u;
    team->result = 0;
    gr_task_end(team, GR_FROM_SELF);
  }
  gr_sim_join(id);
  gr_sim_expect(gr_load_acquire_gpu_u32(&dev->graph->state) == 1u << 16);
}
