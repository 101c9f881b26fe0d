/* test_cuda_abi.c - are our prototypes, structs and constants of the driver those of its cuda.h?
 *
 * cuda_driver.h declares what it needs of the driver itself. Where the toolkit's header is there,
 * this file includes both: nearly all of it is decided when it is compiled. An enum of cuda.h is
 * compatible with the unsigned int that we write, so prototypes without structs are compared whole;
 * the three with a struct are compared by the struct. At run time it looks every symbol up in the
 * toolkit's stub library, whose path is the argument: exit 0, 1, or 77 without header or stub. */
#if defined(GR_HAVE_CUDA_H)
#include <cuda.h>

#include <assert.h>
#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>

#include "host/cuda_driver.h"

/* cuda.h renames some functions to their newest version; the table names versions itself. */
#undef cuCtxCreate
#undef cuEventElapsedTime
#define SAME(field, symbol)                                                                        \
  static_assert(__builtin_types_compatible_p(__typeof__(&symbol),                                  \
                                             __typeof__(((struct gr_cuda_driver *)0)->field)),     \
                #symbol);
SAME(Init, cuInit)
SAME(DriverGetVersion, cuDriverGetVersion)
SAME(GetErrorName, cuGetErrorName)
SAME(GetErrorString, cuGetErrorString)
SAME(DeviceGet, cuDeviceGet)
SAME(DeviceGetCount, cuDeviceGetCount)
SAME(DeviceGetName, cuDeviceGetName)
SAME(DeviceGetAttribute, cuDeviceGetAttribute)
SAME(DeviceGetPCIBusId, cuDeviceGetPCIBusId)
SAME(DeviceTotalMem, cuDeviceTotalMem)
SAME(DevicePrimaryCtxRetain, cuDevicePrimaryCtxRetain)
SAME(DevicePrimaryCtxRelease, cuDevicePrimaryCtxRelease)
SAME(CtxDestroy, cuCtxDestroy)
SAME(CtxPushCurrent, cuCtxPushCurrent)
SAME(CtxPopCurrent, cuCtxPopCurrent)
SAME(CtxSetCurrent, cuCtxSetCurrent)
SAME(CtxSetLimit, cuCtxSetLimit)
SAME(ModuleGetLoadingMode, cuModuleGetLoadingMode)
SAME(ModuleLoadData, cuModuleLoadData)
SAME(ModuleUnload, cuModuleUnload)
SAME(ModuleGetFunction, cuModuleGetFunction)
SAME(FuncGetAttribute, cuFuncGetAttribute)
SAME(FuncSetAttribute, cuFuncSetAttribute)
SAME(OccupancyMaxActiveBlocks, cuOccupancyMaxActiveBlocksPerMultiprocessor)
SAME(MemAlloc, cuMemAlloc)
SAME(MemFree, cuMemFree)
SAME(MemHostAlloc, cuMemHostAlloc)
SAME(MemFreeHost, cuMemFreeHost)
SAME(MemHostRegister, cuMemHostRegister)
SAME(MemHostUnregister, cuMemHostUnregister)
SAME(MemHostGetDevicePointer, cuMemHostGetDevicePointer)
SAME(MemsetD8Async, cuMemsetD8Async)
SAME(MemcpyHtoDAsync, cuMemcpyHtoDAsync)
SAME(MemcpyDtoHAsync, cuMemcpyDtoHAsync)
SAME(StreamCreate, cuStreamCreate)
SAME(StreamDestroy, cuStreamDestroy)
SAME(StreamQuery, cuStreamQuery)
SAME(StreamSynchronize, cuStreamSynchronize)
SAME(EventCreate, cuEventCreate)
SAME(EventDestroy, cuEventDestroy)
SAME(EventRecord, cuEventRecord)
SAME(EventQuery, cuEventQuery)
SAME(LaunchKernel, cuLaunchKernel)
SAME(LaunchCooperativeKernel, cuLaunchCooperativeKernel)
SAME(GraphCreate, cuGraphCreate)
SAME(GraphInstantiateWithFlags, cuGraphInstantiateWithFlags)
SAME(GraphUpload, cuGraphUpload)
SAME(GraphLaunch, cuGraphLaunch)
SAME(GraphExecDestroy, cuGraphExecDestroy)
SAME(GraphDestroy, cuGraphDestroy)

/* cuda.h has these two only in a later version; the arguments that they share are compared. */
unsigned cuCtxCreate_v2(CUcontext *context, unsigned flags, CUdevice device);
unsigned cuEventElapsedTime(float *ms, CUevent start, CUevent end);
SAME(CtxCreate, cuCtxCreate_v2)
SAME(EventElapsedTime, cuEventElapsedTime)

#define AT(ours, field, theirs, their_field)                                                       \
  static_assert(offsetof(ours, field) == offsetof(theirs, their_field), #field);
static_assert(sizeof(struct gr_cu_launch_attribute) == sizeof(CUlaunchAttribute), "attribute");
AT(struct gr_cu_launch_attribute, value, CUlaunchAttribute, value)
static_assert(sizeof(struct gr_cu_launch_config) == sizeof(CUlaunchConfig), "config");
AT(struct gr_cu_launch_config, grid[2], CUlaunchConfig, gridDimZ)
AT(struct gr_cu_launch_config, block[2], CUlaunchConfig, blockDimZ)
AT(struct gr_cu_launch_config, shared_bytes, CUlaunchConfig, sharedMemBytes)
AT(struct gr_cu_launch_config, stream, CUlaunchConfig, hStream)
AT(struct gr_cu_launch_config, attributes, CUlaunchConfig, attrs)
AT(struct gr_cu_launch_config, attribute_count, CUlaunchConfig, numAttrs)
static_assert(sizeof(struct gr_cu_kernel_node) == sizeof(CUDA_KERNEL_NODE_PARAMS_v2), "node");
AT(struct gr_cu_kernel_node, grid[2], CUDA_KERNEL_NODE_PARAMS_v2, gridDimZ)
AT(struct gr_cu_kernel_node, block[2], CUDA_KERNEL_NODE_PARAMS_v2, blockDimZ)
AT(struct gr_cu_kernel_node, shared_bytes, CUDA_KERNEL_NODE_PARAMS_v2, sharedMemBytes)
AT(struct gr_cu_kernel_node, params, CUDA_KERNEL_NODE_PARAMS_v2, kernelParams)
AT(struct gr_cu_kernel_node, kernel, CUDA_KERNEL_NODE_PARAMS_v2, kern)
AT(struct gr_cu_kernel_node, context, CUDA_KERNEL_NODE_PARAMS_v2, ctx)

#define EQUAL(ours, theirs) static_assert((int)GR_CU_##ours == (int)theirs, #theirs);
EQUAL(SUCCESS, CUDA_SUCCESS)
EQUAL(INVALID_VALUE, CUDA_ERROR_INVALID_VALUE)
EQUAL(OUT_OF_MEMORY, CUDA_ERROR_OUT_OF_MEMORY)
EQUAL(NOT_INITIALIZED, CUDA_ERROR_NOT_INITIALIZED)
EQUAL(DEINITIALIZED, CUDA_ERROR_DEINITIALIZED)
EQUAL(STUB_LIBRARY, CUDA_ERROR_STUB_LIBRARY)
EQUAL(NEWER_DRIVER, CUDA_ERROR_CALL_REQUIRES_NEWER_DRIVER)
EQUAL(DEVICE_UNAVAILABLE, CUDA_ERROR_DEVICE_UNAVAILABLE)
EQUAL(NO_DEVICE, CUDA_ERROR_NO_DEVICE)
EQUAL(INVALID_DEVICE, CUDA_ERROR_INVALID_DEVICE)
EQUAL(INVALID_IMAGE, CUDA_ERROR_INVALID_IMAGE)
EQUAL(INVALID_CONTEXT, CUDA_ERROR_INVALID_CONTEXT)
EQUAL(NO_BINARY_FOR_GPU, CUDA_ERROR_NO_BINARY_FOR_GPU)
EQUAL(ECC_UNCORRECTABLE, CUDA_ERROR_ECC_UNCORRECTABLE)
EQUAL(INVALID_PTX, CUDA_ERROR_INVALID_PTX)
EQUAL(JIT_COMPILER_NOT_FOUND, CUDA_ERROR_JIT_COMPILER_NOT_FOUND)
EQUAL(UNSUPPORTED_PTX_VERSION, CUDA_ERROR_UNSUPPORTED_PTX_VERSION)
EQUAL(JIT_COMPILATION_DISABLED, CUDA_ERROR_JIT_COMPILATION_DISABLED)
EQUAL(INVALID_HANDLE, CUDA_ERROR_INVALID_HANDLE)
EQUAL(NOT_FOUND, CUDA_ERROR_NOT_FOUND)
EQUAL(NOT_READY, CUDA_ERROR_NOT_READY)
EQUAL(ILLEGAL_ADDRESS, CUDA_ERROR_ILLEGAL_ADDRESS)
EQUAL(LAUNCH_OUT_OF_RESOURCES, CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES)
EQUAL(LAUNCH_TIMEOUT, CUDA_ERROR_LAUNCH_TIMEOUT)
EQUAL(CONTEXT_IS_DESTROYED, CUDA_ERROR_CONTEXT_IS_DESTROYED)
EQUAL(ASSERT, CUDA_ERROR_ASSERT)
EQUAL(MEMORY_REGISTERED, CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED)
EQUAL(HARDWARE_STACK_ERROR, CUDA_ERROR_HARDWARE_STACK_ERROR)
EQUAL(LAUNCH_FAILED, CUDA_ERROR_LAUNCH_FAILED)
EQUAL(COOPERATIVE_LAUNCH_TOO_LARGE, CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE)
EQUAL(NOT_PERMITTED, CUDA_ERROR_NOT_PERMITTED)
EQUAL(NOT_SUPPORTED, CUDA_ERROR_NOT_SUPPORTED)
EQUAL(SYSTEM_NOT_READY, CUDA_ERROR_SYSTEM_NOT_READY)
EQUAL(SYSTEM_DRIVER_MISMATCH, CUDA_ERROR_SYSTEM_DRIVER_MISMATCH)
EQUAL(COMPAT_NOT_SUPPORTED, CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE)
EQUAL(MPS_CONNECTION_FAILED, CUDA_ERROR_MPS_CONNECTION_FAILED)
EQUAL(MPS_MAX_CLIENTS, CUDA_ERROR_MPS_MAX_CLIENTS_REACHED)
EQUAL(MPS_MAX_CONNECTIONS, CUDA_ERROR_MPS_MAX_CONNECTIONS_REACHED)
EQUAL(UNKNOWN, CUDA_ERROR_UNKNOWN)
EQUAL(ATTRIBUTE_CLOCK_RATE_KHZ, CU_DEVICE_ATTRIBUTE_CLOCK_RATE)
EQUAL(ATTRIBUTE_MULTIPROCESSOR_COUNT, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)
EQUAL(ATTRIBUTE_KERNEL_EXEC_TIMEOUT, CU_DEVICE_ATTRIBUTE_KERNEL_EXEC_TIMEOUT)
EQUAL(ATTRIBUTE_COMPUTE_MODE, CU_DEVICE_ATTRIBUTE_COMPUTE_MODE)
EQUAL(ATTRIBUTE_CAPABILITY_MAJOR, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
EQUAL(ATTRIBUTE_CAPABILITY_MINOR, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)
EQUAL(ATTRIBUTE_COOPERATIVE_LAUNCH, CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH)
EQUAL(ATTRIBUTE_SHARED_BYTES_OPTIN, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)
EQUAL(COMPUTEMODE_PROHIBITED, CU_COMPUTEMODE_PROHIBITED)
EQUAL(COMPUTEMODE_EXCLUSIVE, CU_COMPUTEMODE_EXCLUSIVE_PROCESS)
EQUAL(CTX_SCHED_SPIN, CU_CTX_SCHED_SPIN)
EQUAL(CTX_MAP_HOST, CU_CTX_MAP_HOST)
EQUAL(STREAM_NON_BLOCKING, CU_STREAM_NON_BLOCKING)
EQUAL(HOST_PORTABLE, CU_MEMHOSTALLOC_PORTABLE)
EQUAL(HOST_PORTABLE, CU_MEMHOSTREGISTER_PORTABLE)
EQUAL(HOST_DEVICEMAP, CU_MEMHOSTALLOC_DEVICEMAP)
EQUAL(HOST_DEVICEMAP, CU_MEMHOSTREGISTER_DEVICEMAP)
EQUAL(EVENT_DEFAULT, CU_EVENT_DEFAULT)
EQUAL(EVENT_DISABLE_TIMING, CU_EVENT_DISABLE_TIMING)
EQUAL(FUNC_THREADS_MAX, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK)
EQUAL(FUNC_LOCAL_BYTES, CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES)
EQUAL(FUNC_REGISTERS, CU_FUNC_ATTRIBUTE_NUM_REGS)
EQUAL(FUNC_DYNAMIC_SHARED_BYTES, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES)
EQUAL(MODULE_EAGER, CU_MODULE_EAGER_LOADING)
EQUAL(LIMIT_PENDING_LAUNCHES, CU_LIMIT_DEV_RUNTIME_PENDING_LAUNCH_COUNT)
EQUAL(LAUNCH_COOPERATIVE, CU_LAUNCH_ATTRIBUTE_COOPERATIVE)
EQUAL(LAUNCH_PROGRAMMATIC, CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION)
EQUAL(GRAPH_UPLOAD, CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD)
EQUAL(GRAPH_DEVICE_LAUNCH, CUDA_GRAPH_INSTANTIATE_FLAG_DEVICE_LAUNCH)

#define NAME(field, symbol, arguments) #symbol,
static const char *const names[] = {GR_CUDA_FUNCTIONS(NAME)};

int main(int argc, char **argv)
{
  int missing = 0;
  void *stub = argc == 2 ? dlopen(argv[1], RTLD_NOW) : NULL;
  if (stub == NULL) {
    printf("no stub library (%s); all else was compared when this was compiled\n", argv[argc - 1]);
    return 77;
  }
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (dlsym(stub, names[i]) == NULL) {
      printf("%s has no %s\n", argv[1], names[i]);
      missing++;
    }
  }
  printf("%zu symbols, %d missing\n", sizeof names / sizeof names[0], missing);
  return missing == 0 ? 0 : 1;
}
#else
int main(void)
{
  return 77; /* no cuda.h here */
}
#endif
