/* exp1_cuda_graph.c - graph (launched by the host) and device_graph (launched by a graph on the
 * device).
 *
 * graph: a chain of `window` kernel nodes, instantiated once with their arguments, launched until
 * all tasks are run; the launches are not waited for one by one, but at most LAUNCHES_MAX are
 * queued. The nodes always do the same work, so each node's result is checked once a sample
 * (is_fixed).
 *
 * device_graph: see exp1_graph_image.c. Times are the device's own; on a clock that ticks coarsely
 * a single one is rough, so a sample of a latency is the mean over a run of ROUNDS rounds.
 *
 * Next: exp1_cuda_cdp.c */
#include "exp1_cuda.h"

#include <errno.h>
#include <string.h>

#define LAUNCHES_MAX 64u /* graph launches between two waits, so that no driver queue grows */
#define ROUNDS       200u

struct graph_run {
  struct exp1_cuda *gpu;
  struct CUgraphExec_st *exec;        /* of `window` nodes */
  struct CUgraphExec_st *exec_single; /* one node, for `once` */
  struct CUgraphExec_st *exec_timed;
  struct CUgraphExec_st *exec_rest; /* tasks % window nodes, for the last launch of a load */
  uint64_t window;
  uint64_t rest;
};

/* A chain of `nodes` nodes of `function`, each the body of task k. */
static int make_chain(struct exp1_cuda *gpu, struct CUfunc_st *function, uint64_t nodes,
                      struct CUgraphExec_st **exec)
{
  const struct gr_cuda_driver *api = gpu->api;
  struct CUgraph_st *graph = NULL;
  struct CUgraphNode_st *last = NULL;
  unsigned result = api->GraphCreate(&graph, 0);
  for (uint64_t k = 0; result == GR_CU_SUCCESS && k < nodes; k++) {
    unsigned long long out = gpu->out_device + k * sizeof(uint64_t);
    uint64_t a = EXP1_A(k);
    uint64_t b = EXP1_B(k);
    uint64_t c = EXP1_FIXED_SALT;
    void *params[] = {&out, &a, &b, &c}; /* copied by the call */
    struct CUgraphNode_st *node = NULL;
    const struct gr_cu_kernel_node kernel = {
        .function = function, .grid = {1, 1, 1}, .block = {32, 1, 1}, .params = params};
    result =
        api->GraphAddKernelNode(&node, graph, k == 0u ? NULL : &last, k == 0u ? 0u : 1u, &kernel);
    last = node;
  }
  if (result == GR_CU_SUCCESS) {
    result = api->GraphInstantiateWithFlags(exec, graph, 0);
  }
  if (graph != NULL) {
    api->GraphDestroy(graph);
  }
  if (result == GR_CU_SUCCESS) {
    result = api->GraphUpload(*exec, gpu->stream);
  }
  return result == GR_CU_SUCCESS ? exp1_cuda_wait(gpu) : gr_cuda_error(result, "making a graph");
}

static int synchronize(struct exp1_cuda *gpu)
{
  const unsigned result = gpu->api->StreamSynchronize(gpu->stream);
  return result == GR_CU_SUCCESS ? 0 : gr_cuda_error(result, "cuStreamSynchronize");
}

static int launch(struct exp1_cuda *gpu, struct CUgraphExec_st *exec)
{
  const unsigned result = gpu->api->GraphLaunch(exec, gpu->stream);
  return result == GR_CU_SUCCESS ? 0 : gr_cuda_error(result, "cuGraphLaunch");
}

static int graph_fetch(void *state, uint64_t words)
{
  return exp1_cuda_fetch(((struct graph_run *)state)->gpu, words);
}

static int graph_clock(void *state, int64_t *ahead_ns, uint64_t *error_ns)
{
  return exp1_cuda_clock(((struct graph_run *)state)->gpu, ahead_ns, error_ns);
}

static int graph_once(void *state, const struct exp1_work *work)
{
  struct graph_run *run = state;
  const int result = launch(run->gpu, work->timed ? run->exec_timed : run->exec_single);
  return result < 0 ? result : synchronize(run->gpu);
}

static int graph_load(void *state, const struct exp1_load *load)
{
  struct graph_run *run = state;
  uint64_t left = load->tasks;
  int result = 0;
  for (uint64_t n = 1; left >= run->window && result == 0; n++) {
    result = launch(run->gpu, run->exec);
    left -= run->window;
    if (result == 0 && n % LAUNCHES_MAX == 0u) {
      result = synchronize(run->gpu);
    }
  }
  if (left > 0u && result == 0) {
    result =
        launch(run->gpu, run->exec_rest); /* left == rest: loads are whole windows but for it */
  }
  return result < 0 ? result : synchronize(run->gpu);
}

static void drop(struct exp1_cuda *gpu, struct CUgraphExec_st *exec)
{
  if (exec != NULL) {
    gpu->api->GraphExecDestroy(exec);
  }
}

int exp1_run_graph(struct hx_point *point)
{
  struct graph_run run = {0};
  int result = exp1_cuda_enter(point, &exp1_cuda()->body, &run.gpu);
  if (result < 0) {
    return result;
  }
  run.window = exp1_window(point);
  run.rest = exp1_tasks(point) % run.window;
  result = make_chain(run.gpu, run.gpu->body, run.window, &run.exec);
  if (result == 0) {
    result = make_chain(run.gpu, run.gpu->body, 1, &run.exec_single);
  }
  if (result == 0) {
    result = make_chain(run.gpu, run.gpu->body_timed, 1, &run.exec_timed);
  }
  if (result == 0 && run.rest > 0u) {
    result = make_chain(run.gpu, run.gpu->body, run.rest, &run.exec_rest);
  }
  hx_note(point, "nodes", "a chain of %llu in each graph", (unsigned long long)run.window);
  const struct exp1_engine engine = {
      .once = graph_once,
      .load = graph_load,
      .state = &run,
      .out = run.gpu->out,
      .fetch = graph_fetch,
      .is_fixed = true,
      .clock = graph_clock,
  };
  result = result < 0 ? result : exp1_measure(point, &engine);
  drop(run.gpu, run.exec);
  drop(run.gpu, run.exec_single);
  drop(run.gpu, run.exec_timed);
  drop(run.gpu, run.exec_rest);
  return exp1_cuda_leave(run.gpu, result);
}

/* ---- device_graph ---- */

struct relay_run {
  struct exp1_cuda *gpu;
  struct CUgraphExec_st *relay;
  struct CUgraphExec_st *child[EXP1_FIRE_MAX];
};

/* A graph of one node that the device may launch, uploaded. */
static int make_device_graph(struct exp1_cuda *gpu, struct CUfunc_st *function, void **params,
                             struct CUgraphExec_st **exec)
{
  const struct gr_cuda_driver *api = gpu->api;
  struct CUgraph_st *graph = NULL;
  struct CUgraphNode_st *node = NULL;
  const struct gr_cu_kernel_node kernel = {
      .function = function, .grid = {1, 1, 1}, .block = {32, 1, 1}, .params = params};
  unsigned result = api->GraphCreate(&graph, 0);
  if (result == GR_CU_SUCCESS) {
    result = api->GraphAddKernelNode(&node, graph, NULL, 0, &kernel);
  }
  if (result == GR_CU_SUCCESS) {
    result = api->GraphInstantiateWithFlags(exec, graph, GR_CU_GRAPH_DEVICE_LAUNCH);
  }
  if (graph != NULL) {
    api->GraphDestroy(graph);
  }
  if (result == GR_CU_SUCCESS) {
    result = api->GraphUpload(*exec, gpu->stream);
  }
  return result == GR_CU_SUCCESS ? exp1_cuda_wait(gpu)
                                 : gr_cuda_error(result, "making a device graph");
}

static int make_relay(struct relay_run *run, uint64_t window)
{
  struct exp1_cuda *gpu = run->gpu;
  void *relay_params[] = {&gpu->record_device};
  int result = make_device_graph(gpu, gpu->graph_relay, relay_params, &run->relay);
  for (uint64_t k = 0; k < window && result == 0; k++) {
    uint64_t i = k;
    uint64_t c = EXP1_FIXED_SALT;
    void *params[] = {&gpu->record_device, &gpu->out_device, &i, &c};
    result = make_device_graph(gpu, gpu->graph_body, params, &run->child[k]);
  }
  return result;
}

/* `rounds` rounds of `window` children; checked; afterwards gpu->record has the times. */
static int run_relay(struct relay_run *run, uint64_t rounds, uint64_t window)
{
  struct exp1_cuda *gpu = run->gpu;
  struct exp1_record *record = gpu->record;
  memset(record, 0, sizeof(*record));
  record->rounds = rounds;
  record->window = window;
  for (uint64_t k = 0; k < window; k++) {
    record->exec[k] = (uint64_t)(uintptr_t)run->child[k];
  }
  int result = exp1_cuda_to_device(gpu, gpu->record_device, record, sizeof(*record));
  if (result == 0) {
    result = launch(gpu, run->relay);
  }
  if (result == 0) {
    result = exp1_cuda_wait(gpu); /* the stream is done when the last tail launch is */
  }
  if (result == 0) {
    result = exp1_cuda_to_host(gpu, record, gpu->record_device, sizeof(*record));
  }
  if (result == 0) {
    result = exp1_cuda_fetch(gpu, window);
  }
  if (result < 0) {
    return result;
  }
  if (record->error != 0u || record->next != rounds || record->end_ns == 0u) {
    return hx_fail(gpu->point, "round %llu of %llu: device-side launch error %llu",
                   (unsigned long long)record->next, (unsigned long long)rounds,
                   (unsigned long long)record->error);
  }
  return exp1_check(gpu->point, gpu->out, window, EXP1_FIXED_SALT);
}

static double mean_us(const uint64_t *ns, uint64_t count)
{
  uint64_t sum = 0;
  for (uint64_t i = 0; i < count; i++) {
    sum += ns[i];
  }
  return (double)sum / (1e3 * (double)count);
}

static int measure_relay(struct relay_run *run, uint64_t tasks, uint64_t window)
{
  struct hx_point *point = run->gpu->point;
  const uint64_t rounds = (tasks + window - 1u) / window;
  int result = run_relay(run, rounds < ROUNDS ? rounds : ROUNDS, window);
  if (result < 0) {
    return result;
  }
  const double warm_ns = (double)(run->gpu->record->end_ns - run->gpu->record->begin_ns);
  if (exp1_is_too_long(point, rounds, warm_ns / (double)(rounds < ROUNDS ? rounds : ROUNDS))) {
    return 0;
  }
  while (result == 0 && exp1_is_latency_point(point) && hx_more(point, "roundtrip_us")) {
    result = run_relay(run, ROUNDS, 1);
    if (result == 0) {
      hx_sample(point, "roundtrip_us", mean_us(run->gpu->record->trip_ns, ROUNDS));
      hx_sample(point, "start_latency_us", mean_us(run->gpu->record->start_ns, ROUNDS));
    }
  }
  while (result == 0 && hx_more(point, "throughput_tasks_s")) {
    result = run_relay(run, rounds, window);
    const uint64_t ns = run->gpu->record->end_ns - run->gpu->record->begin_ns;
    if (result == 0) {
      hx_sample(point, "throughput_tasks_s",
                (double)(rounds * window) * 1e9 / (double)(ns == 0u ? 1u : ns));
    }
  }
  return result;
}

int exp1_run_device_graph(struct hx_point *point)
{
  struct relay_run run = {0};
  const uint64_t tasks = exp1_tasks(point);
  const uint64_t window = exp1_window(point);
  if (window > EXP1_FIRE_MAX) {
    return hx_unmet(point, "CUDA allows %u fire-and-forget launches in one execution of a graph",
                    EXP1_FIRE_MAX);
  }
  int result = exp1_cuda_enter(point, &exp1_cuda()->graph_relay, &run.gpu);
  if (result < 0) {
    return result;
  }
  hx_note(point, "rounds", "%llu of %llu tasks each; the last is filled up",
          (unsigned long long)((tasks + window - 1u) / window), (unsigned long long)window);
  result = make_relay(&run, window);
  result = result < 0 ? result : measure_relay(&run, tasks, window);
  drop(run.gpu, run.relay);
  for (uint64_t k = 0; k < window; k++) {
    drop(run.gpu, run.child[k]);
  }
  return exp1_cuda_leave(run.gpu, result);
}
