/* cuda_driver.c - finds the driver, and turns what it says into an errno and a sentence.
 *
 * Called by backend_cuda.c and by the CUDA baselines of experiments/, from any thread. The driver
 * is opened at most once; a failure is not remembered, since a user may load it meanwhile. This is
 * the one place where CUDA's results are folded.
 *
 * Next: backend_cuda.c. */
#include "host/cuda_driver.h"

#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "host/error.h"

#define GR_CUDA_LIBRARY "libcuda.so.1"
#define GR_CUDA_CAPABILITY_MIN                                                                     \
  8 /* major: 16-byte atomic accesses, cooperative launch, PTX as used */

static pthread_mutex_t gr_cuda_lock = PTHREAD_MUTEX_INITIALIZER;
static struct gr_cuda_driver
    gr_cuda_table; /* written once, under the lock, before it is given out */
static bool gr_cuda_is_open;

#define GR_CUDA_REBUILD "image and library are not of one build or one GPU: rebuild both"
#define GR_CUDA_BUG     "this is a bug of GROSR, please report it"
#define GR_CUDA_REOPEN                                                                             \
  "a kernel has failed, and with it all that its context holds: close the device and open it "     \
  "again"
#define GR_CUDA_OTHERWISE                                                                          \
  "close the device and open it again; if that does not help, look at dmesg (NVRM)"

/* What to answer for a result of the driver. Those not listed are -EIO, GR_CUDA_OTHERWISE. */
static const struct gr_cuda_answer {
  unsigned result;
  int error;
  const char *remedy;
} gr_cuda_answers[] = {
    {GR_CU_INVALID_VALUE, -EINVAL, GR_CUDA_BUG},
    {GR_CU_OUT_OF_MEMORY, -ENOMEM, "free GPU or page-locked memory, or ask for smaller sizes"},
    {GR_CU_NOT_INITIALIZED, -ENODEV, "start a new process; after a fork CUDA does not work"},
    {GR_CU_DEINITIALIZED, -ESHUTDOWN, "the process is ending: close devices before exit"},
    {GR_CU_STUB_LIBRARY, -ENODEV,
     "libcuda.so.1 is the toolkit's stub: take the stubs folder out of LD_LIBRARY_PATH"},
    {GR_CU_NEWER_DRIVER, -ENODEV, "update the NVIDIA driver"},
    {GR_CU_DEVICE_UNAVAILABLE, -EBUSY,
     "another process has the GPU to itself (nvidia-smi -q -d COMPUTE); end it, or set the mode to "
     "DEFAULT"},
    {GR_CU_NO_DEVICE, -ENODEV,
     "the driver sees no GPU: look at nvidia-smi and CUDA_VISIBLE_DEVICES, or use --device cpu"},
    {GR_CU_INVALID_DEVICE, -ENODEV, "there is no such GPU: see nvidia-smi -L"},
    {GR_CU_INVALID_IMAGE, -ENOEXEC, GR_CUDA_REBUILD},
    {GR_CU_INVALID_CONTEXT, -EINVAL, GR_CUDA_BUG},
    {GR_CU_NO_BINARY_FOR_GPU, -ENOEXEC, GR_CUDA_REBUILD},
    {GR_CU_ECC_UNCORRECTABLE, -EIO, "the GPU's memory has an error: see nvidia-smi -q -d ECC"},
    {GR_CU_INVALID_PTX, -ENOEXEC, GR_CUDA_REBUILD},
    {GR_CU_JIT_COMPILER_NOT_FOUND, -ENOEXEC, GR_CUDA_REBUILD},
    {GR_CU_UNSUPPORTED_PTX_VERSION, -ENOEXEC, GR_CUDA_REBUILD},
    {GR_CU_JIT_COMPILATION_DISABLED, -ENOEXEC, GR_CUDA_REBUILD},
    {GR_CU_INVALID_HANDLE, -EINVAL, GR_CUDA_BUG},
    {GR_CU_NOT_FOUND, -ENOEXEC, GR_CUDA_REBUILD},
    {GR_CU_NOT_READY, -EAGAIN, "the GPU is not done yet: try again"},
    {GR_CU_ILLEGAL_ADDRESS, -EIO, GR_CUDA_REOPEN},
    {GR_CU_LAUNCH_OUT_OF_RESOURCES, -EINVAL, "use fewer lanes or less scratch"},
    {GR_CU_LAUNCH_TIMEOUT, -EIO,
     "the GPU drives a display, which limits a kernel's run time: use one without"},
    {GR_CU_CONTEXT_IS_DESTROYED, -EIO, "the context was destroyed: close the device"},
    {GR_CU_ASSERT, -EIO, GR_CUDA_REOPEN},
    {GR_CU_MEMORY_REGISTERED, -EINVAL, GR_CUDA_BUG},
    {GR_CU_HARDWARE_STACK_ERROR, -EIO, GR_CUDA_REOPEN},
    {GR_CU_LAUNCH_FAILED, -EIO, GR_CUDA_REOPEN},
    {GR_CU_COOPERATIVE_LAUNCH_TOO_LARGE, -EINVAL,
     "not all teams fit at once; use fewer, or end what else runs on the GPU"},
    {GR_CU_NOT_PERMITTED, -EPERM,
     "a container or a profiler forbids it: look at its settings for the GPU"},
    {GR_CU_NOT_SUPPORTED, -ENODEV, "this GPU or its driver cannot do it: use --device cpu"},
    {GR_CU_SYSTEM_NOT_READY, -ENODEV,
     "the GPU's fabric is not up: is nvidia-fabricmanager running?"},
    {GR_CU_SYSTEM_DRIVER_MISMATCH, -ENODEV,
     "libcuda.so.1 and the kernel's driver are of different versions: reboot or reinstall"},
    {GR_CU_COMPAT_NOT_SUPPORTED, -ENODEV,
     "the forward-compatible libcuda does not support this GPU: use the driver's own"},
    {GR_CU_MPS_CONNECTION_FAILED, -ENODEV, "the MPS server does not answer: restart or quit it"},
    {GR_CU_MPS_MAX_CLIENTS, -EBUSY, "the MPS server is full: end another client"},
    {GR_CU_MPS_MAX_CONNECTIONS, -EBUSY, "the MPS server is full: end another client"},
    {GR_CU_UNKNOWN, -ENODEV, "look at dmesg for what the driver says (NVRM)"},
};

int gr_cuda_error(unsigned result, const char *what)
{
  static const struct gr_cuda_answer otherwise = {0u, -EIO, GR_CUDA_OTHERWISE};
  const struct gr_cuda_answer *answer = &otherwise;
  const char *name = NULL;
  if (gr_cuda_table.GetErrorName == NULL || gr_cuda_table.GetErrorName(result, &name) != 0u ||
      name == NULL) {
    name = "an error that the driver has no name for";
  }
  for (size_t i = 0; i < sizeof gr_cuda_answers / sizeof gr_cuda_answers[0]; i++) {
    if (gr_cuda_answers[i].result == result) {
      answer = &gr_cuda_answers[i];
    }
  }
  return gr_error_set(answer->error, "%s: %s (%u); %s", what, name, result, answer->remedy);
}

bool gr_cuda_is_kernel_failure(unsigned result)
{
  return result == GR_CU_ILLEGAL_ADDRESS || result == GR_CU_LAUNCH_TIMEOUT ||
         result == GR_CU_ASSERT ||
         (result >= GR_CU_HARDWARE_STACK_ERROR && result <= GR_CU_LAUNCH_FAILED);
}

/* Fills the table from an open library. The symbols are looked up by the names that carry their
 * version, which is what makes our prototypes the right ones. */
static int gr_cuda_resolve(void *library)
{
  static const char *const names[] = {
#define GR_CUDA_NAME(field, symbol, arguments) #symbol,
      GR_CUDA_FUNCTIONS(GR_CUDA_NAME)
#undef GR_CUDA_NAME
  };
  static_assert(sizeof gr_cuda_table == sizeof names / sizeof names[0] * sizeof(void *),
                "the table is one pointer for each name");
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    void *symbol = dlsym(library, names[i]);
    if (symbol == NULL) {
      return gr_error_set(-ENODEV,
                          "the NVIDIA driver is too old: its " GR_CUDA_LIBRARY
                          " has no %s; update it "
                          "to one for CUDA 12 or newer, or use --device cpu",
                          names[i]);
    }
    memcpy((char *)&gr_cuda_table + i * sizeof symbol, &symbol, sizeof symbol);
  }
  return 0;
}

static int gr_cuda_open_locked(void)
{
  /* Lazy loading of a kernel waits for the GPU to be idle, which a resident kernel never is (H1).
   * It is decided at cuInit; who has set it otherwise is told so when a device is opened. */
  setenv("CUDA_MODULE_LOADING", "EAGER", 0);
  void *library = dlopen(GR_CUDA_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) {
    return gr_error_set(-ENODEV, "no NVIDIA driver: %s; install it, or use --device cpu",
                        dlerror());
  }
  int status = gr_cuda_resolve(library);
  if (status == 0) {
    const unsigned result = gr_cuda_table.Init(0u);
    if (result == GR_CU_SUCCESS) {
      gr_cuda_is_open = true;
      return 0;
    }
    status = gr_cuda_error(result, "cuInit");
  }
  memset(&gr_cuda_table, 0, sizeof gr_cuda_table);
  dlclose(library);
  return status;
}

int gr_cuda_driver_open(const struct gr_cuda_driver **out)
{
  pthread_mutex_lock(&gr_cuda_lock);
  const int status = gr_cuda_is_open ? 0 : gr_cuda_open_locked();
  pthread_mutex_unlock(&gr_cuda_lock);
  if (status == 0) {
    *out = &gr_cuda_table;
  }
  return status;
}

int gr_cuda_attribute(const struct gr_cuda_driver *cuda, int device, unsigned attribute, int *value)
{
  const unsigned result = cuda->DeviceGetAttribute(value, attribute, device);
  return result == GR_CU_SUCCESS ? 0 : gr_cuda_error(result, "cuDeviceGetAttribute");
}

/* Whether a device that exists can run the microkernel. */
static int gr_cuda_suits(const struct gr_cuda_driver *cuda, int index, int device)
{
  char name[96] = "?";
  int major = 0, minor = 0, has_time_limit = 0, mode = 0, is_cooperative = 0;
  const struct {
    unsigned attribute;
    int *value;
  } asked[] = {{GR_CU_ATTRIBUTE_CAPABILITY_MAJOR, &major},
               {GR_CU_ATTRIBUTE_CAPABILITY_MINOR, &minor},
               {GR_CU_ATTRIBUTE_KERNEL_EXEC_TIMEOUT, &has_time_limit},
               {GR_CU_ATTRIBUTE_COMPUTE_MODE, &mode},
               {GR_CU_ATTRIBUTE_COOPERATIVE_LAUNCH, &is_cooperative}};
  for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
    const int status = gr_cuda_attribute(cuda, device, asked[i].attribute, asked[i].value);
    if (status != 0) {
      return status;
    }
  }
  cuda->DeviceGetName(name, (int)sizeof name, device);
  if (major < GR_CUDA_CAPABILITY_MIN) {
    return gr_error_set(-ENODEV,
                        "cuda:%d (%s) has compute capability %d.%d; 8.0 (A100) or newer is "
                        "needed",
                        index, name, major, minor);
  }
  if (has_time_limit != 0) {
    return gr_error_set(-ENODEV,
                        "cuda:%d (%s) drives a display, whose watchdog would end the resident "
                        "kernel; use a GPU without one, or stop the display server",
                        index, name);
  }
  if (mode == GR_CU_COMPUTEMODE_PROHIBITED) {
    return gr_error_set(-ENODEV,
                        "cuda:%d (%s) refuses all work; nvidia-smi -i %d -c DEFAULT allows it",
                        index, name, index);
  }
  if (is_cooperative == 0) {
    return gr_error_set(-ENODEV,
                        "cuda:%d (%s) cannot promise that all teams run at once (cooperative "
                        "launch); under MPS, quit its server",
                        index, name);
  }
  return 0;
}

int gr_cuda_device_check(const struct gr_cuda_driver *cuda, int index, int *device)
{
  int count = 0, found = 0;
  unsigned result = cuda->DeviceGetCount(&count);
  if (result != GR_CU_SUCCESS) {
    return gr_cuda_error(result, "cuDeviceGetCount");
  }
  if (count == 0) {
    return gr_cuda_error(GR_CU_NO_DEVICE, "cuDeviceGetCount");
  }
  if (index < 0 || index >= count) {
    return gr_error_set(-ENODEV, "no device cuda:%d; the last one is cuda:%d", index, count - 1);
  }
  result = cuda->DeviceGet(&found, index);
  if (result != GR_CU_SUCCESS) {
    return gr_cuda_error(result, "cuDeviceGet");
  }
  const int status = gr_cuda_suits(cuda, index, found);
  if (status == 0) {
    *device = found;
  }
  return status;
}
