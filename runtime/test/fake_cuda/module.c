/* module.c - the fake driver's modules and functions.
 *
 * A module is only looked at for the magic number of a fat binary: its function is found by its
 * name among the CPU images of the program that opened the library.
 *
 * Next: memory.c. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_cuda.h"

#define FATBIN_MAGIC     0xba55ed50u
#define SHARED_BYTES_MAX 232448

unsigned cuModuleGetLoadingMode(unsigned *mode)
{
  ENTER(cuModuleGetLoadingMode, NEED_INIT);
  pointer_check("cuModuleGetLoadingMode", mode);
  if (current() != NULL) {
    current()->is_mode_asked = true;
  }
  *mode = is_loading_eager() ? GR_CU_MODULE_EAGER : 2u;
  return 0;
}

unsigned cuModuleLoadData(struct CUmod_st **module, const void *image)
{
  uint32_t magic;
  ENTER(cuModuleLoadData, NEED_BOOT);
  pointer_check("cuModuleLoadData", module != NULL ? image : NULL);
  memcpy(&magic, image, sizeof magic);
  if ((uintptr_t)image % 8u != 0 || magic != FATBIN_MAGIC) {
    return GR_CU_INVALID_IMAGE;
  }
  struct CUmod_st *made = calloc(1, sizeof *made);
  made->context = current();
  made->function.shared_bytes_max = 49152; /* until cuFuncSetAttribute */
  object_add(MODULE, made, sizeof *made);
  *module = made;
  return 0;
}

unsigned cuModuleUnload(struct CUmod_st *module)
{
  ENTER_LATE(cuModuleUnload, NEED_QUIET);
  if (!object_is_ours(MODULE, module, sizeof *module)) {
    wrong("cuModuleUnload of no module, or another context's");
  }
  object_remove(MODULE, module);
  free(module);
  return late;
}

/* Of the program's own set "test": its kernels, then the two launchers. */
static unsigned kernel_find(struct CUfunc_st **function, struct CUmod_st *module, const char *name)
{
  const struct grosr_kernels *kernels = dlsym(RTLD_DEFAULT, "grosr_kernels_test");
  for (uint32_t i = 0; kernels != NULL && i < kernels->count; i++) {
    if (strncmp(name, "gr_launch_", 10) == 0 && strcmp(name + 10, kernels->kernel[i].name) == 0) {
      module->more[i].kernel = &kernels->kernel[i];
      *function = &module->more[i];
      return 0;
    }
  }
  for (uint32_t i = 0; kernels != NULL && i < GR_LAUNCHERS; i++) {
    if (strcmp(name, i == 0 ? "gr_launcher_fire" : "gr_launcher_graph") == 0) {
      module->more[GR_KERNELS_MAX + i].launcher = 1u + i;
      *function = &module->more[GR_KERNELS_MAX + i];
      return 0;
    }
  }
  return GR_CU_NOT_FOUND;
}

unsigned cuModuleGetFunction(struct CUfunc_st **function, struct CUmod_st *module, const char *name)
{
  char symbol[80];
  ENTER(cuModuleGetFunction, NEED_QUIET);
  if (!object_is_ours(MODULE, module, sizeof *module)) {
    wrong("cuModuleGetFunction of no module, or another context's");
  }
  if (strncmp(name, "gr_launch", 9) == 0) {
    return kernel_find(function, module, name);
  }
  if (strncmp(name, "grosr_kernel_", 13) != 0) {
    return GR_CU_NOT_FOUND;
  }
  snprintf(symbol, sizeof symbol, "grosr_image_%s", name + 13);
  module->function.image = dlsym(RTLD_DEFAULT, symbol);
  if (module->function.image == NULL) {
    return GR_CU_NOT_FOUND;
  }
  *function = &module->function;
  return 0;
}

void function_check(const struct CUfunc_st *function)
{
  if (!object_is_ours(MODULE, function, sizeof *function) ||
      (function->image == NULL && function->kernel == NULL && function->launcher == 0)) {
    wrong("no function, or one of a module that is gone or another context's");
  }
}

unsigned cuFuncGetAttribute(int *value, unsigned attribute, struct CUfunc_st *function)
{
  ENTER(cuFuncGetAttribute, NEED_CONTEXT);
  pointer_check("cuFuncGetAttribute", value);
  function_check(function);
  if (attribute != GR_CU_FUNC_REGISTERS && attribute != GR_CU_FUNC_THREADS_MAX) {
    return GR_CU_INVALID_VALUE;
  }
  function->is_touched = true;
  *value = attribute == GR_CU_FUNC_REGISTERS ? 64 : 1024;
  return 0;
}

unsigned cuFuncSetAttribute(struct CUfunc_st *function, unsigned attribute, int value)
{
  ENTER(cuFuncSetAttribute, NEED_CONTEXT);
  function_check(function);
  if (attribute != GR_CU_FUNC_DYNAMIC_SHARED_BYTES || value < 0 || value > SHARED_BYTES_MAX) {
    return GR_CU_INVALID_VALUE;
  }
  function->shared_bytes_max = value;
  return 0;
}
