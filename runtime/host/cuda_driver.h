/* cuda_driver.h - the entry points of NVIDIA's driver, found at run time.
 *
 * Private to runtime/host and to the CUDA baselines of experiments/. libcuda.so.1 is opened when
 * the first device "cuda" is asked for, so the same binary runs where there is no driver. The
 * prototypes and constants are our own, so that nothing of CUDA is needed to build; test_cuda_abi
 * compares each with the toolkit's cuda.h where there is one. Handles are pointers to the driver's
 * own incomplete structs; every function returns a CUresult, 0 is good; fields are named as the
 * symbol without `cu`.
 *
 *   const struct gr_cuda_driver *cuda;
 *   if (gr_cuda_driver_open(&cuda) < 0) ...                  grosr_last_error() has the sentence
 *   unsigned result = cuda->StreamQuery(stream);
 *   if (result != GR_CU_SUCCESS) return gr_cuda_error(result, "cuStreamQuery");
 *
 * Any thread. The library stays open until the process ends.
 *
 * Next: cuda_driver.c, backend_cuda.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct CUctx_st;
struct CUmod_st;
struct CUfunc_st;
struct CUstream_st;
struct CUevent_st;
struct CUgraph_st;
struct CUgraphNode_st;
struct CUgraphExec_st;

/* Results that somebody decides by. */
enum gr_cu_result {
  GR_CU_SUCCESS = 0,
  GR_CU_INVALID_VALUE = 1,
  GR_CU_OUT_OF_MEMORY = 2,
  GR_CU_NOT_INITIALIZED = 3,
  GR_CU_DEINITIALIZED = 4,
  GR_CU_STUB_LIBRARY = 34,
  GR_CU_NEWER_DRIVER = 36,
  GR_CU_DEVICE_UNAVAILABLE = 46,
  GR_CU_NO_DEVICE = 100,
  GR_CU_INVALID_DEVICE = 101,
  GR_CU_INVALID_IMAGE = 200,
  GR_CU_INVALID_CONTEXT = 201,
  GR_CU_NO_BINARY_FOR_GPU = 209,
  GR_CU_ECC_UNCORRECTABLE = 214,
  GR_CU_INVALID_PTX = 218,
  GR_CU_JIT_COMPILER_NOT_FOUND = 221,
  GR_CU_UNSUPPORTED_PTX_VERSION = 222,
  GR_CU_JIT_COMPILATION_DISABLED = 223,
  GR_CU_INVALID_HANDLE = 400,
  GR_CU_NOT_FOUND = 500,
  GR_CU_NOT_READY = 600,
  GR_CU_ILLEGAL_ADDRESS = 700,
  GR_CU_LAUNCH_OUT_OF_RESOURCES = 701,
  GR_CU_LAUNCH_TIMEOUT = 702,
  GR_CU_CONTEXT_IS_DESTROYED = 709,
  GR_CU_ASSERT = 710,
  GR_CU_MEMORY_REGISTERED = 712,
  GR_CU_HARDWARE_STACK_ERROR = 714,
  GR_CU_LAUNCH_FAILED = 719,
  GR_CU_COOPERATIVE_LAUNCH_TOO_LARGE = 720,
  GR_CU_NOT_PERMITTED = 800,
  GR_CU_NOT_SUPPORTED = 801,
  GR_CU_SYSTEM_NOT_READY = 802,
  GR_CU_SYSTEM_DRIVER_MISMATCH = 803,
  GR_CU_COMPAT_NOT_SUPPORTED = 804,
  GR_CU_MPS_CONNECTION_FAILED = 805,
  GR_CU_MPS_MAX_CLIENTS = 808,
  GR_CU_MPS_MAX_CONNECTIONS = 809,
  GR_CU_UNKNOWN = 999
};

enum gr_cu_attribute {
  GR_CU_ATTRIBUTE_CLOCK_RATE_KHZ = 13,
  GR_CU_ATTRIBUTE_MULTIPROCESSOR_COUNT = 16,
  GR_CU_ATTRIBUTE_KERNEL_EXEC_TIMEOUT = 17,
  GR_CU_ATTRIBUTE_COMPUTE_MODE = 20,
  GR_CU_ATTRIBUTE_CAPABILITY_MAJOR = 75,
  GR_CU_ATTRIBUTE_CAPABILITY_MINOR = 76,
  GR_CU_ATTRIBUTE_COOPERATIVE_LAUNCH = 95,
  GR_CU_ATTRIBUTE_SHARED_BYTES_OPTIN = 97
};

enum gr_cu_constant {
  GR_CU_COMPUTEMODE_PROHIBITED = 2,
  GR_CU_COMPUTEMODE_EXCLUSIVE = 3,
  GR_CU_CTX_SCHED_SPIN = 0x01,
  GR_CU_CTX_MAP_HOST = 0x08,
  GR_CU_STREAM_NON_BLOCKING = 0x1,
  GR_CU_HOST_PORTABLE = 0x01, /* of MemHostAlloc and of MemHostRegister */
  GR_CU_HOST_DEVICEMAP = 0x02,
  GR_CU_EVENT_DEFAULT = 0x0,
  GR_CU_EVENT_DISABLE_TIMING = 0x2,
  GR_CU_FUNC_THREADS_MAX = 0,
  GR_CU_FUNC_LOCAL_BYTES = 3,
  GR_CU_FUNC_REGISTERS = 4,
  GR_CU_FUNC_DYNAMIC_SHARED_BYTES = 8,
  GR_CU_MODULE_EAGER = 1,
  GR_CU_LIMIT_PENDING_LAUNCHES = 4,
  GR_CU_LAUNCH_COOPERATIVE = 2,  /* struct gr_cu_launch_attribute, id */
  GR_CU_LAUNCH_PROGRAMMATIC = 6, /* the same: programmatic dependent launch */
  GR_CU_GRAPH_UPLOAD = 2,        /* GraphInstantiateWithFlags */
  GR_CU_GRAPH_DEVICE_LAUNCH = 4
};

/* CUlaunchAttribute: the value is an int, or something else of up to 64 bytes. */
struct gr_cu_launch_attribute {
  unsigned id;
  unsigned reserved;
  union {
    int on;
    char pad[64];
  } value;
};
/* CUlaunchConfig. */
struct gr_cu_launch_config {
  unsigned grid[3];
  unsigned block[3];
  unsigned shared_bytes;
  struct CUstream_st *stream;
  struct gr_cu_launch_attribute *attributes;
  unsigned attribute_count;
};
/* CUDA_KERNEL_NODE_PARAMS_v2. */
struct gr_cu_kernel_node {
  struct CUfunc_st *function;
  unsigned grid[3];
  unsigned block[3];
  unsigned shared_bytes;
  void **params;
  void **extra;
  void *kernel;
  struct CUctx_st *context;
};

/* F(field, symbol, arguments). CUdevice is an int, CUdeviceptr an unsigned long long; enums are
 * unsigned. Structs of ours stand for the driver's of the same layout. */
#define GR_CUDA_FUNCTIONS(F)                                                                       \
  F(Init, cuInit, (unsigned flags))                                                                \
  F(DriverGetVersion, cuDriverGetVersion, (int *version))                                          \
  F(GetErrorName, cuGetErrorName, (unsigned error, const char **name))                             \
  F(GetErrorString, cuGetErrorString, (unsigned error, const char **text))                         \
  F(DeviceGet, cuDeviceGet, (int *device, int ordinal))                                            \
  F(DeviceGetCount, cuDeviceGetCount, (int *count))                                                \
  F(DeviceGetName, cuDeviceGetName, (char *name, int bytes, int device))                           \
  F(DeviceGetAttribute, cuDeviceGetAttribute, (int *value, unsigned attribute, int device))        \
  F(DeviceGetPCIBusId, cuDeviceGetPCIBusId, (char *text, int bytes, int device))                   \
  F(DeviceTotalMem, cuDeviceTotalMem_v2, (size_t * bytes, int device))                             \
  F(DevicePrimaryCtxRetain, cuDevicePrimaryCtxRetain, (struct CUctx_st * *context, int device))    \
  F(DevicePrimaryCtxRelease, cuDevicePrimaryCtxRelease_v2, (int device))                           \
  F(CtxCreate, cuCtxCreate_v2, (struct CUctx_st * *context, unsigned flags, int device))           \
  F(CtxDestroy, cuCtxDestroy_v2, (struct CUctx_st * context))                                      \
  F(CtxPushCurrent, cuCtxPushCurrent_v2, (struct CUctx_st * context))                              \
  F(CtxPopCurrent, cuCtxPopCurrent_v2, (struct CUctx_st * *context))                               \
  F(CtxSetCurrent, cuCtxSetCurrent, (struct CUctx_st * context))                                   \
  F(CtxSetLimit, cuCtxSetLimit, (unsigned limit, size_t value))                                    \
  F(ModuleGetLoadingMode, cuModuleGetLoadingMode, (unsigned *mode))                                \
  F(ModuleLoadData, cuModuleLoadData, (struct CUmod_st * *module, const void *image))              \
  F(ModuleUnload, cuModuleUnload, (struct CUmod_st * module))                                      \
  F(ModuleGetFunction, cuModuleGetFunction,                                                        \
    (struct CUfunc_st * *function, struct CUmod_st * module, const char *name))                    \
  F(FuncGetAttribute, cuFuncGetAttribute,                                                          \
    (int *value, unsigned attribute, struct CUfunc_st *function))                                  \
  F(FuncSetAttribute, cuFuncSetAttribute,                                                          \
    (struct CUfunc_st * function, unsigned attribute, int value))                                  \
  F(OccupancyMaxActiveBlocks, cuOccupancyMaxActiveBlocksPerMultiprocessor,                         \
    (int *blocks, struct CUfunc_st *function, int threads, size_t shared_bytes))                   \
  F(MemAlloc, cuMemAlloc_v2, (unsigned long long *device, size_t bytes))                           \
  F(MemFree, cuMemFree_v2, (unsigned long long device))                                            \
  F(MemHostAlloc, cuMemHostAlloc, (void **host, size_t bytes, unsigned flags))                     \
  F(MemFreeHost, cuMemFreeHost, (void *host))                                                      \
  F(MemHostRegister, cuMemHostRegister_v2, (void *host, size_t bytes, unsigned flags))             \
  F(MemHostUnregister, cuMemHostUnregister, (void *host))                                          \
  F(MemHostGetDevicePointer, cuMemHostGetDevicePointer_v2,                                         \
    (unsigned long long *device, void *host, unsigned flags))                                      \
  F(MemsetD8Async, cuMemsetD8Async,                                                                \
    (unsigned long long device, unsigned char value, size_t bytes, struct CUstream_st *stream))    \
  F(MemcpyHtoDAsync, cuMemcpyHtoDAsync_v2,                                                         \
    (unsigned long long to, const void *from, size_t bytes, struct CUstream_st *stream))           \
  F(MemcpyDtoHAsync, cuMemcpyDtoHAsync_v2,                                                         \
    (void *to, unsigned long long from, size_t bytes, struct CUstream_st *stream))                 \
  F(StreamCreate, cuStreamCreate, (struct CUstream_st * *stream, unsigned flags))                  \
  F(StreamDestroy, cuStreamDestroy_v2, (struct CUstream_st * stream))                              \
  F(StreamQuery, cuStreamQuery, (struct CUstream_st * stream))                                     \
  F(StreamSynchronize, cuStreamSynchronize, (struct CUstream_st * stream))                         \
  F(EventCreate, cuEventCreate, (struct CUevent_st * *event, unsigned flags))                      \
  F(EventDestroy, cuEventDestroy_v2, (struct CUevent_st * event))                                  \
  F(EventRecord, cuEventRecord, (struct CUevent_st * event, struct CUstream_st * stream))          \
  F(EventQuery, cuEventQuery, (struct CUevent_st * event))                                         \
  F(EventElapsedTime, cuEventElapsedTime,                                                          \
    (float *ms, struct CUevent_st *start, struct CUevent_st *end))                                 \
  F(LaunchKernel, cuLaunchKernel,                                                                  \
    (struct CUfunc_st * function, unsigned grid_x, unsigned grid_y, unsigned grid_z,               \
     unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared_bytes,                  \
     struct CUstream_st *stream, void **params, void **extra))                                     \
  F(LaunchCooperativeKernel, cuLaunchCooperativeKernel,                                            \
    (struct CUfunc_st * function, unsigned grid_x, unsigned grid_y, unsigned grid_z,               \
     unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared_bytes,                  \
     struct CUstream_st *stream, void **params))                                                   \
  F(LaunchKernelEx, cuLaunchKernelEx,                                                              \
    (const struct gr_cu_launch_config *config, struct CUfunc_st *function, void **params,          \
     void **extra))                                                                                \
  F(GraphCreate, cuGraphCreate, (struct CUgraph_st * *graph, unsigned flags))                      \
  F(GraphAddKernelNode, cuGraphAddKernelNode_v2,                                                   \
    (struct CUgraphNode_st * *node, struct CUgraph_st * graph,                                     \
     struct CUgraphNode_st *const *dependencies, size_t dependency_count,                          \
     const struct gr_cu_kernel_node *params))                                                      \
  F(GraphInstantiateWithFlags, cuGraphInstantiateWithFlags,                                        \
    (struct CUgraphExec_st * *exec, struct CUgraph_st * graph, unsigned long long flags))          \
  F(GraphUpload, cuGraphUpload, (struct CUgraphExec_st * exec, struct CUstream_st * stream))       \
  F(GraphLaunch, cuGraphLaunch, (struct CUgraphExec_st * exec, struct CUstream_st * stream))       \
  F(GraphExecDestroy, cuGraphExecDestroy, (struct CUgraphExec_st * exec))                          \
  F(GraphDestroy, cuGraphDestroy, (struct CUgraph_st * graph))

#define GR_CUDA_FIELD(field, symbol, arguments) unsigned(*field) arguments;
struct gr_cuda_driver {
  GR_CUDA_FUNCTIONS(GR_CUDA_FIELD)
};
#undef GR_CUDA_FIELD

/* Opens and initialises the driver, once a process. -ENODEV with a sentence: no driver, a stub, one
 * too old, no GPU. CUDA_MODULE_LOADING is set to EAGER unless the user has set it. */
int gr_cuda_driver_open(const struct gr_cuda_driver **out);

/* Folds a result of the open driver into a negative errno and leaves a sentence: what was being
 * called, CUDA's name of the error, and the remedy. */
int gr_cuda_error(unsigned result, const char *what);

/* Whether a result tells that a kernel has failed, and so has ended. Any later call in its context
 * may answer it, also one that has done its work. */
bool gr_cuda_is_kernel_failure(unsigned result);

/* One attribute of a device, or the sentence of why it is not known. */
int gr_cuda_attribute(const struct gr_cuda_driver *cuda, int device, unsigned attribute,
                      int *value);

/* Device `index`, if it can run the microkernel; -ENODEV with a sentence: no such device, too old,
 * a display's time limit on it, set to refuse work. */
int gr_cuda_device_check(const struct gr_cuda_driver *cuda, int index, int *device);
