/* exp1_cuda_replay.c - graphs of dependent nodes on a GPU without a runtime: replay_stream,
 * replay_graph, replay_pdl, replay_grid.
 *
 * A node is a kernel of one warp. replay_stream launches all nodes of all replays into one stream,
 * then waits: a stream keeps a stricter order than a fan asks for, and most programs have but one.
 * replay_pdl is the same by programmatic dependent launch. replay_graph is a CUDA graph with the
 * edges themselves, instantiated once. replay_grid is one cooperative kernel, a block on each
 * multiprocessor, with a barrier of all blocks wherever nodes depend on nodes. The cells lie in
 * device memory, where a node finds them fastest.
 *
 * cuStreamSynchronize has no time limit of its own; kernels end by themselves, those of replay_grid
 * by a bound on each wait.
 *
 * Next: exp1_cuda_graph.c */
#include "exp1_cuda.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "exp1_replay.h"

enum kind { STREAM, PDL, GRAPH, GRID };

struct device_replay {
  struct exp1_cuda *gpu;
  struct exp1_graph graph;
  enum kind kind;
  struct exp1_cell *cell;
  unsigned long long cells;       /* on the device */
  unsigned long long grid;        /* struct exp1_grid, of GRID */
  unsigned blocks;                /* of GRID */
  struct CUgraphExec_st *exec[2]; /* [timed], of GRAPH */
};

static size_t cell_bytes(const struct device_replay *run)
{
  return run->graph.nodes * sizeof(struct exp1_cell);
}

static struct exp1_node node_of(const struct device_replay *run, bool timed, uint32_t index)
{
  return exp1_node_make(&run->graph, run->cells, index,
                        EXP1_NODE_HERE | (timed ? EXP1_NODE_TIMED : 0u));
}

static int launch_node(struct device_replay *run, bool timed, uint32_t index)
{
  struct exp1_node node = node_of(run, timed, index);
  void *params[] = {&node.arg[0], &node.arg[1], &node.arg[2], &node.arg[3]};
  if (run->kind == STREAM) {
    return exp1_cuda_launch(run->gpu, run->gpu->node, 1, 32, params);
  }
  struct gr_cu_launch_attribute attribute = {.id = GR_CU_LAUNCH_PROGRAMMATIC, .value = {.on = 1}};
  const struct gr_cu_launch_config config = {.grid = {1, 1, 1},
                                             .block = {32, 1, 1},
                                             .stream = run->gpu->stream,
                                             .attributes = &attribute,
                                             .attribute_count = 1};
  const unsigned result = run->gpu->api->LaunchKernelEx(&config, run->gpu->node_pdl, params, NULL);
  return result == GR_CU_SUCCESS ? 0 : gr_cuda_error(result, "cuLaunchKernelEx");
}

static int launch_grid(struct device_replay *run, bool timed)
{
  const struct gr_cuda_driver *api = run->gpu->api;
  uint64_t work_ns = run->graph.work_ns;
  uint64_t how = EXP1_NODE_HERE | (timed ? EXP1_NODE_TIMED : 0u);
  void *params[] = {&run->cells, &run->grid, &work_ns, &how};
  unsigned result = api->MemsetD8Async(run->grid, 0, sizeof(uint32_t), run->gpu->stream);
  if (result == GR_CU_SUCCESS) {
    result = api->LaunchCooperativeKernel(run->gpu->node_grid, run->blocks, 1, 1, 32, 1, 1, 0,
                                          run->gpu->stream, params);
  }
  return result == GR_CU_SUCCESS ? 0 : gr_cuda_error(result, "cuLaunchCooperativeKernel");
}

static int replay_once(struct device_replay *run, bool timed)
{
  int result = 0;
  if (run->kind == GRID) {
    return launch_grid(run, timed);
  }
  if (run->kind == GRAPH) {
    const unsigned launched = run->gpu->api->GraphLaunch(run->exec[timed], run->gpu->stream);
    return launched == GR_CU_SUCCESS ? 0 : gr_cuda_error(launched, "cuGraphLaunch");
  }
  for (uint32_t i = 0; i < run->graph.nodes && result == 0; i++) {
    result = launch_node(run, timed, i);
  }
  return result;
}

static int device_replay(void *state, bool timed, uint64_t times)
{
  struct device_replay *run = state;
  int result = 0;
  for (uint64_t n = 0; n < times && result == 0; n++) {
    result = replay_once(run, timed);
  }
  if (result == 0) {
    const unsigned waited = run->gpu->api->StreamSynchronize(run->gpu->stream);
    result = waited == GR_CU_SUCCESS ? 0 : gr_cuda_error(waited, "cuStreamSynchronize");
  }
  return result;
}

static int fetch_cells(void *state)
{
  struct device_replay *run = state;
  struct exp1_grid grid;
  int result = exp1_cuda_to_host(run->gpu, run->cell, run->cells, cell_bytes(run));
  if (result == 0 && run->kind == GRID) {
    result = exp1_cuda_to_host(run->gpu, &grid, run->grid, sizeof(grid));
    if (result == 0 && grid.error != 0u) {
      result = hx_fail(run->gpu->point, "a block waited in vain at barrier %u", grid.error);
    }
  }
  return result;
}

static int clear_cells(void *state)
{
  struct device_replay *run = state;
  const unsigned result =
      run->gpu->api->MemsetD8Async(run->cells, 0, cell_bytes(run), run->gpu->stream);
  return result == GR_CU_SUCCESS ? exp1_cuda_wait(run->gpu)
                                 : gr_cuda_error(result, "cuMemsetD8Async");
}

/* ---- setting up ---- */

/* The nodes with their edges; `node` has room for all. */
static unsigned add_nodes(struct device_replay *run, bool timed, struct CUgraph_st *graph,
                          struct CUgraphNode_st **node)
{
  const uint32_t sink = run->graph.nodes - 1u;
  unsigned result = GR_CU_SUCCESS;
  for (uint32_t i = 0; i <= sink && result == GR_CU_SUCCESS; i++) {
    struct exp1_node made = node_of(run, timed, i);
    void *params[] = {&made.arg[0], &made.arg[1], &made.arg[2], &made.arg[3]};
    const struct gr_cu_kernel_node kernel = {
        .function = run->gpu->node, .grid = {1, 1, 1}, .block = {32, 1, 1}, .params = params};
    const bool is_sink = run->graph.is_fan && i == sink;
    const uint32_t first = is_sink ? 1u : run->graph.is_fan || i == 0u ? 0u : i - 1u;
    result = run->gpu->api->GraphAddKernelNode(&node[i], graph, i == 0u ? NULL : &node[first],
                                               i == 0u   ? 0u
                                               : is_sink ? sink - 1u
                                                         : 1u,
                                               &kernel);
  }
  return result;
}

static int make_graph(struct device_replay *run, bool timed)
{
  const struct gr_cuda_driver *api = run->gpu->api;
  struct CUgraphNode_st **node = calloc(run->graph.nodes, sizeof(*node));
  struct CUgraph_st *graph = NULL;
  unsigned result = node != NULL ? api->GraphCreate(&graph, 0) : (unsigned)GR_CU_OUT_OF_MEMORY;
  if (result == GR_CU_SUCCESS) {
    result = add_nodes(run, timed, graph, node);
  }
  if (result == GR_CU_SUCCESS) {
    result = api->GraphInstantiateWithFlags(&run->exec[timed], graph, 0);
  }
  if (graph != NULL) {
    api->GraphDestroy(graph);
  }
  free(node);
  if (result == GR_CU_SUCCESS) {
    result = api->GraphUpload(run->exec[timed], run->gpu->stream);
  }
  return result == GR_CU_SUCCESS ? exp1_cuda_wait(run->gpu)
                                 : gr_cuda_error(result, "making a graph");
}

static int make_grid(struct device_replay *run)
{
  int blocks = 0;
  int result = gr_cuda_attribute(run->gpu->api, run->gpu->device,
                                 GR_CU_ATTRIBUTE_MULTIPROCESSOR_COUNT, &blocks);
  run->blocks = (unsigned)blocks;
  const struct exp1_grid grid = {
      .blocks = run->blocks, .nodes = run->graph.nodes, .is_fan = run->graph.is_fan ? 1u : 0u};
  hx_note(run->gpu->point, "grid", "%d blocks of 32 threads", blocks);
  return result < 0 ? result : exp1_cuda_to_device(run->gpu, run->grid, &grid, sizeof(grid));
}

static int set_up(struct device_replay *run)
{
  const struct gr_cuda_driver *api = run->gpu->api;
  run->cell = malloc(cell_bytes(run));
  if (run->cell == NULL) {
    return -ENOMEM;
  }
  unsigned result = api->MemAlloc(&run->cells, cell_bytes(run));
  if (result == GR_CU_SUCCESS) {
    result = api->MemAlloc(&run->grid, sizeof(struct exp1_grid));
  }
  if (result != GR_CU_SUCCESS) {
    return gr_cuda_error(result, "cuMemAlloc");
  }
  if (run->kind == GRID) {
    return make_grid(run);
  }
  const int made = run->kind == GRAPH ? make_graph(run, false) : 0;
  return made == 0 && run->kind == GRAPH ? make_graph(run, true) : made;
}

static void tear_down(struct device_replay *run)
{
  for (int timed = 0; timed < 2; timed++) {
    if (run->exec[timed] != NULL) {
      run->gpu->api->GraphExecDestroy(run->exec[timed]);
    }
  }
  if (run->cells != 0u) {
    run->gpu->api->MemFree(run->cells);
  }
  if (run->grid != 0u) {
    run->gpu->api->MemFree(run->grid);
  }
  free(run->cell);
}

static int run_replay(struct hx_point *point, enum kind kind, struct CUfunc_st *const *need)
{
  struct device_replay run = {.kind = kind};
  int result = exp1_graph_of(point, &run.graph);
  if (result == 0) {
    result = exp1_cuda_enter(point, need, &run.gpu);
  }
  if (result < 0) {
    return result;
  }
  result = set_up(&run);
  const struct exp1_replayer replayer = {.graph = run.graph,
                                         .replay = device_replay,
                                         .state = &run,
                                         .cell = run.cell,
                                         .fetch = fetch_cells,
                                         .clear = clear_cells};
  result = result < 0 ? result : exp1_replay_measure(point, &replayer);
  tear_down(&run);
  return exp1_cuda_leave(run.gpu, result);
}

int exp1_run_replay_stream(struct hx_point *point)
{
  return run_replay(point, STREAM, &exp1_cuda()->node);
}

int exp1_run_replay_pdl(struct hx_point *point)
{
  return run_replay(point, PDL, &exp1_cuda()->node_pdl);
}

int exp1_run_replay_graph(struct hx_point *point)
{
  return run_replay(point, GRAPH, &exp1_cuda()->node);
}

int exp1_run_replay_grid(struct hx_point *point)
{
  return run_replay(point, GRID, &exp1_cuda()->node_grid);
}
