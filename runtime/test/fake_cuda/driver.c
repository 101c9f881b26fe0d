/* driver.c - the fake driver's devices, contexts, modules and functions.
 *
 * The devices are H200s with four multiprocessors. A context is pushed and popped on a stack of the
 * calling thread, as with a driver; destroying one joins the threads of its kernel. A module is
 * only looked at for the magic number of a fat binary: a function is found by its name among the
 * CPU images of the program that opened the library.
 *
 * enter() is here too: what every entry point of the fake asks before it does anything.
 *
 * Next: memory.c. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_cuda.h"

#define FATBIN_MAGIC  0xba55ed50u
#define CONTEXT_DEPTH 8

static _Thread_local struct CUctx_st *context_stack[CONTEXT_DEPTH];
static _Thread_local unsigned context_depth;
static bool is_initialised;
static struct CUfunc_st functions[8];

struct CUctx_st *current(void)
{
  return context_depth > 0 ? context_stack[context_depth - 1] : NULL;
}

unsigned enter(const char *symbol, enum need need)
{
  const unsigned code = fault(symbol);
  if (code != 0) {
    return code;
  }
  if (need >= NEED_INIT && !is_initialised) {
    return 3; /* CUDA_ERROR_NOT_INITIALIZED */
  }
  if (need >= NEED_CONTEXT && current() == NULL) {
    wrong("a call without a current context");
  }
  if (need >= NEED_QUIET && !run_is_over(current()->run)) {
    fprintf(stderr, "fake_cuda: %s while a kernel is resident in the context\n", symbol);
    abort();
  }
  return 0;
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
  is_initialised = true;
  return 0;
}

unsigned cuDriverGetVersion(int *version)
{
  ENTER(cuDriverGetVersion, NEED_NOTHING);
  *version = number_of("FAKE_CUDA_VERSION", 13000);
  return 0;
}

unsigned cuGetErrorName(unsigned error, const char **name)
{
  static _Thread_local char text[32];
  if (error == 99999) {
    *name = NULL;
    return GR_CU_INVALID_VALUE;
  }
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
  *count = number_of("FAKE_CUDA_DEVICES", 1);
  return 0;
}

unsigned cuDeviceGet(int *device, int ordinal)
{
  ENTER(cuDeviceGet, NEED_INIT);
  if (ordinal < 0 || ordinal >= number_of("FAKE_CUDA_DEVICES", 1)) {
    return GR_CU_INVALID_DEVICE;
  }
  *device = ordinal;
  return 0;
}

unsigned cuDeviceGetName(char *name, int bytes, int device)
{
  ENTER(cuDeviceGetName, NEED_INIT);
  snprintf(name, (size_t)bytes, "Fake GPU %d", device);
  return 0;
}

unsigned cuDeviceGetPCIBusId(char *text, int bytes, int device)
{
  ENTER(cuDeviceGetPCIBusId, NEED_INIT);
  snprintf(text, (size_t)bytes, "0000:%02x:00.0", device);
  return 0;
}

unsigned cuDeviceTotalMem_v2(size_t *bytes, int device)
{
  ENTER(cuDeviceTotalMem_v2, NEED_INIT);
  *bytes = (size_t)(1 + device) << 30;
  return 0;
}

unsigned cuDeviceGetAttribute(int *value, unsigned attribute, int device)
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
  ENTER(cuDeviceGetAttribute, NEED_INIT);
  (void)device;
  const char *entry = getenv("FAKE_CUDA_ATTRIBUTES");
  while (entry != NULL) {
    unsigned other;
    if (sscanf(entry, "%u=%d", &other, value) == 2 && other == attribute) {
      return 0;
    }
    entry = strchr(entry, ',');
    entry = entry != NULL ? entry + 1 : NULL;
  }
  for (size_t i = 0; i < sizeof h200 / sizeof h200[0]; i++) {
    if (h200[i].attribute == attribute) {
      *value = h200[i].value;
      return 0;
    }
  }
  return GR_CU_INVALID_VALUE;
}

/* ---- contexts ---- */
unsigned cuCtxCreate_v2(struct CUctx_st **context, unsigned flags, int device)
{
  ENTER(cuCtxCreate_v2, NEED_INIT);
  (void)flags;
  (void)device;
  struct CUctx_st *made = calloc(1, sizeof *made);
  if (context_depth == CONTEXT_DEPTH) {
    wrong("contexts are pushed and never popped");
  }
  object_add(CONTEXT, made, sizeof *made);
  context_stack[context_depth++] = made;
  *context = made;
  return 0;
}

unsigned cuCtxDestroy_v2(struct CUctx_st *context)
{
  ENTER(cuCtxDestroy_v2, NEED_INIT);
  const char *manner = getenv("FAKE_CUDA_DESTROY");
  if (!run_is_over(context->run) && (manner == NULL || strcmp(manner, "wait") != 0)) {
    run_cancel(context->run);
  }
  run_free(context->run);
  if (!object_remove(CONTEXT, context)) {
    wrong("cuCtxDestroy of no context");
  }
  objects_end(context);
  free(context);
  return 0;
}

unsigned cuCtxPushCurrent_v2(struct CUctx_st *context)
{
  ENTER(cuCtxPushCurrent_v2, NEED_INIT);
  if (context_depth == CONTEXT_DEPTH) {
    wrong("contexts are pushed and never popped");
  }
  context_stack[context_depth++] = context;
  return 0;
}

unsigned cuCtxPopCurrent_v2(struct CUctx_st **context)
{
  ENTER(cuCtxPopCurrent_v2, NEED_CONTEXT);
  *context = context_stack[--context_depth];
  return 0;
}

/* ---- modules ---- */
unsigned cuModuleGetLoadingMode(unsigned *mode)
{
  ENTER(cuModuleGetLoadingMode, NEED_INIT);
  const char *wanted = getenv("CUDA_MODULE_LOADING");
  *mode = wanted != NULL && strcmp(wanted, "EAGER") == 0 ? GR_CU_MODULE_EAGER : 2u;
  return 0;
}

unsigned cuModuleLoadData(struct CUmod_st **module, const void *image)
{
  uint32_t magic;
  ENTER(cuModuleLoadData, NEED_QUIET);
  memcpy(&magic, image, sizeof magic);
  if ((uintptr_t)image % 8u != 0 || magic != FATBIN_MAGIC) {
    return GR_CU_INVALID_IMAGE;
  }
  struct CUmod_st *made = calloc(1, sizeof *made);
  made->context = current();
  object_add(MODULE, made, sizeof *made);
  *module = made;
  return 0;
}

unsigned cuModuleUnload(struct CUmod_st *module)
{
  ENTER(cuModuleUnload, NEED_QUIET);
  if (!object_remove(MODULE, module)) {
    wrong("cuModuleUnload of no module");
  }
  free(module);
  return 0;
}

unsigned cuModuleGetFunction(struct CUfunc_st **function, struct CUmod_st *module, const char *name)
{
  char symbol[80];
  ENTER(cuModuleGetFunction, NEED_QUIET);
  if (!object_holds(MODULE, module, 1) || strncmp(name, "grosr_kernel_", 13) != 0) {
    return GR_CU_NOT_FOUND;
  }
  snprintf(symbol, sizeof symbol, "grosr_image_%s", name + 13);
  const struct grosr_image *image = dlsym(RTLD_DEFAULT, symbol);
  for (size_t i = 0; image != NULL && i < sizeof functions / sizeof functions[0]; i++) {
    if (functions[i].image == image || functions[i].image == NULL) {
      functions[i].image = image;
      snprintf(functions[i].name, sizeof functions[i].name, "%s", name);
      *function = &functions[i];
      return 0;
    }
  }
  return GR_CU_NOT_FOUND;
}

unsigned cuFuncGetAttribute(int *value, unsigned attribute, struct CUfunc_st *function)
{
  ENTER(cuFuncGetAttribute, NEED_CONTEXT);
  (void)function;
  *value = attribute == GR_CU_FUNC_REGISTERS ? 64 : attribute == GR_CU_FUNC_THREADS_MAX ? 1024 : 0;
  return 0;
}

unsigned cuFuncSetAttribute(struct CUfunc_st *function, unsigned attribute, int value)
{
  ENTER(cuFuncSetAttribute, NEED_CONTEXT);
  (void)function;
  if (attribute != GR_CU_FUNC_DYNAMIC_SHARED_BYTES || value > 232448) {
    return GR_CU_INVALID_VALUE;
  }
  return 0;
}
