/* test_cuda_faults.c - every call of the driver fails once, with every code, in a whole life.
 *
 *   test_cuda_faults          what follows
 *   test_cuda_faults -v       and says one line for each symbol
 *   test_cuda_faults -a       each call of each symbol answers each code (minutes)
 *
 * A life: open, tasks, statistics and black box, rest and return, tasks, close. Calls are counted
 * in a life without a fault. Then
 *   codes  the first call of each symbol answers each of the codes
 *   calls  each call of each symbol answers 1 (nothing is done) and 719 (a kernel has failed)
 *   lost   from each call on, whatever is called answers 719: the GPU is gone
 *   stuck  the life ends with an op that does not, and is killed: each symbol's first calls then
 * Each must end within FAULT_NS_MAX, in a negative errno whose sentence names a remedy, or well
 * where `optional` says why; nothing is alive in the driver or mapped after it, the thread has its
 * own context back, and a life without a fault goes well in the same process. (The black box
 * answers with a text, which has the sentence then.)
 *
 * Symbols of the table that no life calls must be those of `unused`. What leaves the process unable
 * to go on is in test_cuda_corners.c. A plain program, exit 0 or 1.
 *
 * Where it ran: CPU only, on the fake. Shows nothing of a GPU. Next: test_cuda_corners.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/cuda_driver.h"
#include "port/port.h"
#include "test_cuda_tool.h"

#define FAULT_NS_MAX  12000000000u /* two waits of 2 s for the GPU, and slow machines */
#define CALLS_MAX     400u
#define STUCK_CALLS   2u
#define COUNT(array)  (sizeof(array) / sizeof(array)[0])
#define ALL           UINT32_MAX
#define KERNEL_FAILED 719u

/* Those that cuda_driver.c knows, and others: what is not supported, what is not known at all. */
static const unsigned codes[] = {
    1,   2,   3,   4,   5,   34,  36,  46,  100, 101, 102, 200, 201, 205, 209, 214, 218, 221, 222,
    223, 224, 300, 301, 302, 304, 400, 401, 500, 600, 700, 701, 702, 709, 710, 712, 713, 714, 715,
    716, 717, 718, 719, 720, 800, 801, 802, 803, 804, 805, 808, 809, 900, 908, 910, 999, 4711};

#define NAME(field, symbol, arguments) #symbol,
static const char *const symbols[] = {GR_CUDA_FUNCTIONS(NAME)};
static unsigned clean_calls[COUNT(symbols)];

/* Calls whose failure the caller of grosr.h need not hear of: of the last `tail` ones in a life. */
static const struct {
  const char *symbol;
  unsigned tail;
  unsigned code; /* 0: any */
  const char *reason;
} optional[] = {
    {"cuGetErrorName", ALL, 0, "a word in a sentence"},
    {"cuDriverGetVersion", ALL, 0, "a word in the description"},
    {"cuDeviceGetName", ALL, 0, "a word in the description"},
    {"cuDeviceGetPCIBusId", ALL, 0, "a word in the description"},
    {"cuDeviceTotalMem_v2", ALL, 0, "a word in the description"},
    {"cuDeviceGetAttribute", 1, 0, "the clock rate, a word in the description"},
    {"cuStreamQuery", ALL, GR_CU_NOT_READY, "asked again"},
    {"cuStreamQuery", 3, 0, "close looks whether work has ended; what has failed has"},
    {"cuCtxPushCurrent_v2", 2, 0, "close: destroying the context gives back the rest"},
    {"cuCtxPopCurrent_v2", 2, 0, "close: destroying the context takes it from the thread too"},
    {"cuMemHostUnregister", ALL, 0, "close: destroying the context gives back the rest"},
    {"cuMemFree_v2", ALL, 0, "close: destroying the context gives back the rest"},
    {"cuStreamDestroy_v2", ALL, 0, "close: destroying the context gives back the rest"},
    {"cuModuleUnload", ALL, 0, "close: destroying the context gives back the rest"},
    {"cuCtxDestroy_v2", ALL, 0, "close: an idle context that the driver does not let go stays"},
};

/* Of the baselines in experiments/; the backend must not begin to use one unnoticed. */
static const char unused[] =
    " cuGetErrorString cuDevicePrimaryCtxRetain cuDevicePrimaryCtxRelease_v2 cuCtxSetCurrent"
    " cuCtxSetLimit cuMemHostAlloc cuMemFreeHost cuStreamSynchronize cuEventCreate"
    " cuEventDestroy_v2 cuEventRecord cuEventQuery cuEventElapsedTime cuLaunchKernel"
    " cuLaunchKernelEx cuGraphCreate cuGraphAddKernelNode_v2 cuGraphInstantiateWithFlags"
    " cuGraphUpload cuGraphLaunch cuGraphExecDestroy cuGraphDestroy ";

/* ---- a life ---- */
struct life {
  bool is_stuck_at_end;
  int error; /* the first one, and what was said of it */
  char said[1024];
  uint64_t launches;
  bool is_told;        /* the black box says in its text why it cannot read */
  unsigned before_end; /* calls of `watched` before the op that is stuck */
  const char *watched;
};

/* Whether life goes on. */
static bool lives(struct life *life, int64_t result)
{
  if (result < 0 && life->error == 0) {
    life->error = (int)result;
    snprintf(life->said, sizeof life->said, "%s", grosr_last_error());
  }
  return result >= 0;
}

static bool look(struct life *life, struct grosr *g)
{
  char text[2048] = "";
  const bool goes_on = lives(life, grosr_black_box(g, text, sizeof text));
  life->is_told = life->is_told || strstr(text, "cannot be read: ") != NULL;
  return goes_on;
}

static bool work(struct life *life, struct grosr *g, uint32_t op, uint64_t device, uint64_t *host)
{
  bool goes_on = true;
  for (uint64_t i = 0; goes_on && i < 3u; i++) {
    const struct grosr_task task = {op, 0, {device, i, 7, 0}, 0};
    int32_t result = -1;
    grosr_ticket ticket;
    goes_on = lives(life, grosr_submit(g, &task, &ticket)) &&
              lives(life, grosr_wait(g, ticket, 2000000000u, &result));
    CHECK(!goes_on || (result == 0 && *host == i + 7u));
  }
  return goes_on;
}

static void stick(struct life *life, struct grosr *g, uint64_t device)
{
  uint32_t op = 0;
  const struct grosr_task task = {0, 0, {device, 0, 0, 0}, 0};
  struct grosr_task stuck = task;
  grosr_ticket ticket;
  if (lives(life, grosr_op(g, "stuck", &op))) {
    stuck.op = op;
    life->before_end = life->watched != NULL ? cuda_tool.fake_calls(life->watched) : 0u;
    if (lives(life, grosr_submit(g, &stuck, &ticket))) {
      lives(life, grosr_wait(g, ticket, 1000000000u, NULL));
    }
  }
}

static void live(struct life *life)
{
  struct grosr_options options;
  struct grosr_stats stats = {0};
  struct grosr *g = NULL;
  uint32_t op = 0;
  uint64_t device = 0;
  void *host = NULL;
  cuda_tool_options(&options);
  options.teams = 1;
  options.idle_mode = GROSR_IDLE_QUIET;
  options.idle_exit_ns = 300000u;
  options.boot_ns_max = options.close_ns_max = 2000000000u;
  if (life->is_stuck_at_end) {
    options.op_ns_max = options.close_ns_max = 4000000u;
  }
  if (!lives(life, grosr_open(&options, &g))) {
    return;
  }
  bool goes_on = lives(life, grosr_op(g, "add", &op)) &&
                 lives(life, grosr_shared_take(g, 64, &host, &device)) &&
                 work(life, g, op, device, host) && lives(life, grosr_stats(g, &stats));
  if (goes_on) {
    gr_nap(1500000u); /* it leaves meanwhile */
    goes_on = look(life, g) && work(life, g, op, device, host);
  }
  if (goes_on && life->is_stuck_at_end) {
    *(uint64_t *)host = 0;
    stick(life, g, device);
  } else if (goes_on) {
    lives(life, grosr_stats(g, &stats));
    life->launches = stats.launches;
  }
  look(life, g);
  lives(life, grosr_close(g));
}

/* ---- one case ---- */
static unsigned cases, unfired;

static const char *why_optional(const char *symbol, unsigned nth, unsigned code)
{
  const unsigned calls = cuda_tool.fake_calls(symbol);
  for (size_t i = 0; i < COUNT(optional); i++) {
    if (strcmp(optional[i].symbol, symbol) == 0 &&
        (optional[i].tail == ALL || nth + optional[i].tail > calls) &&
        (optional[i].code == 0 || optional[i].code == code)) {
      return optional[i].reason;
    }
  }
  return NULL;
}

static void check_clean(void)
{
  struct life life = {0};
  cuda_tool.fake_reset();
  live(&life);
  CHECK(life.error == 0 && cuda_tool.fake_live() == 0 && cuda_tool.fake_depth() == 0);
}

/* Lives with a fault; what it answered and left is checked. symbol "any": whatever is called. */
static void suffer(struct life *life, const char *fail, const char *symbol, unsigned nth,
                   unsigned code)
{
  cuda_tool.step = fail;
  cuda_tool.fake_reset();
  setenv("FAKE_CUDA_FAIL", fail, 1);
  const uint64_t start_ns = gr_clock_ns();
  live(life);
  const uint64_t took_ns = gr_clock_ns() - start_ns;
  unsetenv("FAKE_CUDA_FAIL");
  if (cuda_tool.fake_faults() == 0) {
    unfired++;
    CHECK(life->error == 0 || life->is_stuck_at_end);
    return;
  }
  cases++;
  CHECK(took_ns < FAULT_NS_MAX);
  if (life->error == 0) {
    CHECK(life->is_told || why_optional(symbol, nth, code) != NULL || strcmp(symbol, "any") == 0);
  } else {
    CHECK(strstr(life->said, "; ") != NULL || strstr(life->said, ": add ") != NULL);
  }
  /* An idle context that cannot be destroyed: nobody else could. */
  const bool is_kept = strcmp(symbol, "cuCtxDestroy_v2") == 0 && !gr_cuda_is_kernel_failure(code);
  CHECK(cuda_tool.fake_live() == (is_kept ? 1 : 0));
  CHECK(cuda_wrap.mapped == 0);
  CHECK(cuda_tool.fake_depth() == 0 || strcmp(symbol, "cuCtxPopCurrent_v2") == 0);
}

static void suffer_call(const char *symbol, unsigned nth, unsigned code, bool is_stuck_at_end)
{
  char fail[96];
  struct life life = {.is_stuck_at_end = is_stuck_at_end};
  snprintf(fail, sizeof fail, "%s@%u:%u", symbol, nth, code);
  suffer(&life, fail, symbol, nth, code);
}

/* ---- the sweeps ---- */
/* Before the driver is open: cuInit is called once a process. */
static void sweep_init(void)
{
  for (size_t i = 0; i < COUNT(codes); i++) {
    char fail[32];
    snprintf(fail, sizeof fail, "cuInit:%u", codes[i]);
    cuda_tool.step = fail;
    setenv("FAKE_CUDA_FAIL", fail, 1);
    CHECK(grosr_device_probe("cuda") < 0 && strstr(grosr_last_error(), "; ") != NULL);
    cases++;
  }
  unsetenv("FAKE_CUDA_FAIL");
}

static bool is_unused(const char *symbol)
{
  char word[80];
  snprintf(word, sizeof word, " %s ", symbol);
  return strstr(unused, word) != NULL;
}

static void count_calls(void)
{
  struct life life = {0};
  cuda_tool.step = "no fault";
  cuda_tool.fake_reset();
  live(&life);
  CHECK(life.error == 0 && life.launches >= 2);
  for (size_t i = 0; i < COUNT(symbols); i++) {
    clean_calls[i] = cuda_tool.fake_calls(symbols[i]);
    const bool is_special =
        strcmp(symbols[i], "cuInit") == 0 || strcmp(symbols[i], "cuGetErrorName") == 0;
    cuda_tool.step = symbols[i];
    CHECK(is_special || (clean_calls[i] == 0) == is_unused(symbols[i]));
  }
}

static void sweep_codes(void)
{
  for (size_t i = 0; i < COUNT(symbols); i++) {
    for (size_t k = 0; k < COUNT(codes) && clean_calls[i] != 0; k++) {
      suffer_call(symbols[i], 1, codes[k], false);
      cuda_tool.step = "after it, without a fault";
      if (k % 8u == 0) {
        check_clean();
      }
    }
  }
  for (size_t k = 0; k < COUNT(codes); k++) { /* it is asked only when something else has failed */
    char fail[64];
    struct life life = {0};
    snprintf(fail, sizeof fail, "cuCtxCreate_v2:2,cuGetErrorName:%u", codes[k]);
    suffer(&life, fail, "cuGetErrorName", 1, codes[k]);
    CHECK(life.error == -ENOMEM);
  }
}

/* How often a life asks is not always the same: calls beyond are not reached, and not counted. */
static void sweep_calls(bool is_verbose, bool is_all)
{
  for (size_t i = 0; i < COUNT(symbols); i++) {
    const unsigned calls = clean_calls[i] < CALLS_MAX ? clean_calls[i] : CALLS_MAX;
    const unsigned before = cases;
    for (unsigned nth = 1; nth <= calls; nth++) {
      suffer_call(symbols[i], nth, GR_CU_INVALID_VALUE, false);
      suffer_call(symbols[i], nth, KERNEL_FAILED, false);
      for (size_t k = 0; k < COUNT(codes) && is_all; k++) {
        suffer_call(symbols[i], nth, codes[k], false);
      }
    }
    if (is_verbose) {
      printf("%-44s %4u calls in a life, %4u cases\n", symbols[i], clean_calls[i], cases - before);
    }
    if (calls != 0) {
      cuda_tool.step = "after it, without a fault";
      check_clean();
    }
  }
}

static void sweep_lost(void)
{
  check_clean();
  const unsigned calls = cuda_tool.fake_calls("any");
  for (unsigned nth = 1; nth <= calls; nth++) {
    char fail[32];
    struct life life = {0};
    snprintf(fail, sizeof fail, "any@%u+:%u", nth, KERNEL_FAILED);
    suffer(&life, fail, "any", nth, KERNEL_FAILED);
  }
  cuda_tool.step = "after the GPU was lost";
  check_clean();
}

static void sweep_stuck(void)
{
  for (size_t i = 0; i < COUNT(symbols); i++) {
    struct life clean = {.is_stuck_at_end = true, .watched = symbols[i]};
    if (clean_calls[i] == 0 || strcmp(symbols[i], "cuCtxDestroy_v2") == 0) {
      continue;
    }
    cuda_tool.step = "stuck, no fault";
    cuda_tool.fake_reset();
    live(&clean);
    CHECK(clean.error == -ETIMEDOUT && cuda_tool.fake_live() == 0);
    const unsigned after = cuda_tool.fake_calls(symbols[i]) - clean.before_end;
    for (unsigned nth = 1; nth <= after && nth <= STUCK_CALLS; nth++) {
      suffer_call(symbols[i], clean.before_end + nth, GR_CU_INVALID_VALUE, true);
      suffer_call(symbols[i], clean.before_end + nth, KERNEL_FAILED, true);
    }
  }
  cuda_tool.step = "after the stuck ones";
  check_clean();
}

static void report(const char *name, uint64_t *since_ns, unsigned *since_cases)
{
  const uint64_t now_ns = gr_clock_ns();
  printf("%-6s %5u cases, %u failed, %.1f s\n", name, cases - *since_cases, cuda_tool.failures,
         (double)(now_ns - *since_ns) * 1e-9);
  *since_ns = now_ns;
  *since_cases = cases;
}

int main(int argc, char **argv)
{
  uint64_t since_ns = gr_clock_ns();
  unsigned since_cases = 0;
  const bool is_all = argc > 1 && strcmp(argv[1], "-a") == 0;
  const bool is_verbose = is_all || (argc > 1 && strcmp(argv[1], "-v") == 0);
  setvbuf(stdout, NULL, _IOLBF, 0);
  alarm(600); /* a hang is a failure */
  sweep_init();
  if (!cuda_tool_find()) {
    return 1;
  }
  count_calls();
  report("init", &since_ns, &since_cases);
  sweep_codes();
  report("codes", &since_ns, &since_cases);
  sweep_calls(is_verbose, is_all);
  report("calls", &since_ns, &since_cases);
  sweep_lost();
  report("lost", &since_ns, &since_cases);
  sweep_stuck();
  report("stuck", &since_ns, &since_cases);
  printf("%u cases, %u calls not reached, %d failures\n", cases, unfired, cuda_tool.failures);
  return cuda_tool.failures == 0 ? 0 : 1;
}
