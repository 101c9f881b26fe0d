/* driver.c - the fake driver's devices and contexts.
 *
 * The devices are H200s with four multiprocessors. A context is pushed and popped on a stack of the
 * calling thread, as with a driver; destroying one joins the threads of its kernel.
 *
 * enter() is here too: what every entry point of the fake asks before it does anything.
 *
 * Next: module.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_cuda.h"

#define CONTEXT_DEPTH 8

static _Thread_local struct CUctx_st *context_stack[CONTEXT_DEPTH];
static _Thread_local unsigned context_depth;
static bool is_initialised;
static bool is_eager; /* as the environment was at cuInit */

struct CUctx_st *current(void)
{
  return context_depth > 0 ? context_stack[context_depth - 1] : NULL;
}

unsigned fake_cuda_depth(void)
{
  return context_depth;
}

bool is_loading_eager(void)
{
  return is_eager;
}

void pointer_check(const char *symbol, const void *out)
{
  if (out == NULL) {
    wrong("%s: a null pointer", symbol);
  }
}

/* What a call needs, apart from luck. */
static unsigned need_check(const char *symbol, enum need need)
{
  if (need >= NEED_INIT && !is_initialised) {
    return GR_CU_NOT_INITIALIZED;
  }
  if (need < NEED_CONTEXT) {
    return 0;
  }
  if (current() == NULL) {
    wrong("%s without a current context", symbol);
  }
  if (!object_holds(CONTEXT, current(), 1)) {
    return GR_CU_CONTEXT_IS_DESTROYED;
  }
  if (need >= NEED_QUIET && !context_is_quiet(current())) {
    wrong("%s while a kernel is resident in the context (H2)", symbol);
  }
  if (need >= NEED_BOOT && gr_load_acquire_gpu_u32(&current()->launches) != 0) {
    wrong("%s after the first launch: all is taken before it (H2)", symbol);
  }
  return 0;
}

unsigned enter(const char *symbol, enum need need)
{
  const unsigned code = fault(symbol);
  return code != 0 ? code : need_check(symbol, need);
}

unsigned enter_late(const char *symbol, enum need need, unsigned *late)
{
  const unsigned code = fault(symbol);
  const bool is_of_kernel = code == GR_CU_ILLEGAL_ADDRESS || code == GR_CU_LAUNCH_TIMEOUT ||
                            code == GR_CU_ASSERT ||
                            (code >= GR_CU_HARDWARE_STACK_ERROR && code <= GR_CU_LAUNCH_FAILED);
  *late = is_of_kernel ? code : 0;
  return code == 0 || is_of_kernel ? need_check(symbol, need) : code;
}

/* ---- driver and devices ---- */
unsigned cuInit(unsigned flags)
{
  ENTER(cuInit, NEED_NOTHING);
  if (flags != 0) {
    return GR_CU_INVALID_VALUE;
  }
  if (number_of("FAKE_CUDA_DEVICES", 1) == 0) {
    return GR_CU_NO_DEVICE;
  }
  if (!is_initialised) { /* once a process, as with a driver */
    const char *wanted = getenv("CUDA_MODULE_LOADING");
    is_eager = wanted != NULL && strcmp(wanted, "EAGER") == 0;
  }
  is_initialised = true;
  return 0;
}

unsigned cuDriverGetVersion(int *version)
{
  ENTER(cuDriverGetVersion, NEED_NOTHING);
  pointer_check("cuDriverGetVersion", version);
  *version = number_of("FAKE_CUDA_VERSION", 13000);
  return 0;
}

unsigned cuGetErrorName(unsigned error, const char **name)
{
  static _Thread_local char text[32];
  ENTER(cuGetErrorName, NEED_NOTHING);
  snprintf(text, sizeof text, "CUDA_ERROR_FAKE_%u", error);
  *name = text;
  return 0;
}

unsigned cuGetErrorString(unsigned error, const char **text)
{
  return cuGetErrorName(error, text);
}

unsigned cuDeviceGetCount(int *count)
{
  ENTER(cuDeviceGetCount, NEED_INIT);
  pointer_check("cuDeviceGetCount", count);
  *count = number_of("FAKE_CUDA_DEVICES", 1);
  return 0;
}

static bool is_device(int device)
{
  return device >= 0 && device < number_of("FAKE_CUDA_DEVICES", 1);
}

unsigned cuDeviceGet(int *device, int ordinal)
{
  ENTER(cuDeviceGet, NEED_INIT);
  if (!is_device(ordinal)) {
    return GR_CU_INVALID_DEVICE;
  }
  *device = ordinal;
  return 0;
}

unsigned cuDeviceGetName(char *name, int bytes, int device)
{
  ENTER(cuDeviceGetName, NEED_INIT);
  pointer_check("cuDeviceGetName", bytes > 0 ? name : NULL);
  if (!is_device(device)) {
    return GR_CU_INVALID_DEVICE;
  }
  snprintf(name, (size_t)bytes, "Fake GPU %d", device);
  return 0;
}

unsigned cuDeviceGetPCIBusId(char *text, int bytes, int device)
{
  ENTER(cuDeviceGetPCIBusId, NEED_INIT);
  pointer_check("cuDeviceGetPCIBusId", bytes > 0 ? text : NULL);
  if (!is_device(device)) {
    return GR_CU_INVALID_DEVICE;
  }
  snprintf(text, (size_t)bytes, "0000:%02x:00.0", device);
  return 0;
}

unsigned cuDeviceTotalMem_v2(size_t *bytes, int device)
{
  ENTER(cuDeviceTotalMem_v2, NEED_INIT);
  if (!is_device(device)) {
    return GR_CU_INVALID_DEVICE;
  }
  *bytes = (size_t)number_of("FAKE_CUDA_MEMORY_MIB", 1024 * (1 + device)) << 20;
  return 0;
}

bool device_attribute(int device, unsigned attribute, int *value)
{
  static const struct {
    unsigned attribute;
    int value;
  } h200[] = {
      {GR_CU_ATTRIBUTE_CLOCK_RATE_KHZ, 1980000},
      {GR_CU_ATTRIBUTE_MULTIPROCESSOR_COUNT, MULTIPROCESSORS}, /* it has 132 */
      {GR_CU_ATTRIBUTE_KERNEL_EXEC_TIMEOUT, 0},
      {GR_CU_ATTRIBUTE_COMPUTE_MODE, 0},
      {GR_CU_ATTRIBUTE_CAPABILITY_MAJOR, 9},
      {GR_CU_ATTRIBUTE_CAPABILITY_MINOR, 0},
      {GR_CU_ATTRIBUTE_COOPERATIVE_LAUNCH, 1},
      {GR_CU_ATTRIBUTE_SHARED_BYTES_OPTIN, 232448},
  };
  const char *entry = getenv("FAKE_CUDA_ATTRIBUTES");
  while (device == 0 && entry != NULL) {
    unsigned other;
    int wanted;
    if (sscanf(entry, "%u=%d", &other, &wanted) == 2 && other == attribute) {
      *value = wanted;
      return true;
    }
    entry = strchr(entry, ',');
    entry = entry != NULL ? entry + 1 : NULL;
  }
  for (size_t i = 0; i < sizeof h200 / sizeof h200[0]; i++) {
    if (h200[i].attribute == attribute) {
      *value = h200[i].value;
      return true;
    }
  }
  return false;
}

unsigned cuDeviceGetAttribute(int *value, unsigned attribute, int device)
{
  ENTER(cuDeviceGetAttribute, NEED_INIT);
  pointer_check("cuDeviceGetAttribute", value);
  if (!is_device(device)) {
    return GR_CU_INVALID_DEVICE;
  }
  return device_attribute(device, attribute, value) ? 0 : GR_CU_INVALID_VALUE;
}

/* ---- contexts ---- */
static void stack_push(struct CUctx_st *context)
{
  if (context_depth == CONTEXT_DEPTH) {
    wrong("contexts are pushed and never popped");
  }
  gr_add_acqrel_gpu_u32(&context->pushed, 1u);
  context_stack[context_depth++] = context;
}

static struct CUctx_st *stack_pop(void)
{
  struct CUctx_st *context = context_stack[--context_depth];
  gr_add_acqrel_gpu_u32(&context->pushed, 0xffffffffu);
  return context;
}

unsigned cuCtxCreate_v2(struct CUctx_st **context, unsigned flags, int device)
{
  int mode = 0;
  ENTER(cuCtxCreate_v2, NEED_INIT);
  pointer_check("cuCtxCreate", context);
  if (!is_device(device) || (flags & ~0x1fu) != 0) {
    return is_device(device) ? GR_CU_INVALID_VALUE : GR_CU_INVALID_DEVICE;
  }
  if (device_attribute(device, GR_CU_ATTRIBUTE_COMPUTE_MODE, &mode) &&
      mode == GR_CU_COMPUTEMODE_PROHIBITED) {
    return GR_CU_DEVICE_UNAVAILABLE;
  }
  struct CUctx_st *made = calloc(1, sizeof *made);
  made->device = device;
  stack_push(made);
  object_add(CONTEXT, made, sizeof *made);
  *context = made;
  return 0;
}

static void context_free(struct CUctx_st *context, bool must_wait)
{
  context_end(context, must_wait);
  object_remove(CONTEXT, context);
  objects_end(context);
  free(context);
}

unsigned cuCtxDestroy_v2(struct CUctx_st *context)
{
  ENTER_LATE(cuCtxDestroy_v2, NEED_INIT);
  const char *manner = getenv("FAKE_CUDA_DESTROY");
  if (!object_holds(CONTEXT, context, sizeof *context)) {
    wrong("cuCtxDestroy of no context");
  }
  if (current() == context) {
    stack_pop();
  }
  if (gr_load_acquire_gpu_u32(&context->pushed) != 0 && !context->is_spoiled) {
    wrong("cuCtxDestroy of a context that is current in a thread");
  }
  context_free(context, manner != NULL && strcmp(manner, "wait") == 0);
  return late;
}

void contexts_forget(void)
{
  context_depth = 0;
  for (struct CUctx_st *left = NULL; (left = object_any(CONTEXT)) != NULL;) {
    context_free(left, false);
  }
}

unsigned cuCtxPushCurrent_v2(struct CUctx_st *context)
{
  ENTER(cuCtxPushCurrent_v2, NEED_INIT);
  if (!object_holds(CONTEXT, context, sizeof *context)) {
    wrong("cuCtxPushCurrent of no context");
  }
  stack_push(context);
  return 0;
}

static unsigned pop(struct CUctx_st **context)
{
  ENTER_LATE(cuCtxPopCurrent_v2, NEED_CONTEXT);
  pointer_check("cuCtxPopCurrent", context);
  *context = stack_pop();
  return late;
}

unsigned cuCtxPopCurrent_v2(struct CUctx_st **context)
{
  struct CUctx_st *top = current();
  const unsigned code = pop(context);
  if (code != 0 && top != NULL && current() == top && object_holds(CONTEXT, top, sizeof *top)) {
    top->is_spoiled = true;
  }
  return code;
}
