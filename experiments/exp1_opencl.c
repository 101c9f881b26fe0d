/* exp1_opencl.c - the engine pocl: a kernel of one work item through OpenCL on the CPU.
 *
 * libOpenCL.so.1 is opened with dlopen, so that the binary runs without it; any platform whose name
 * says PoCL will do. once is clEnqueueNDRangeKernel and clFinish; load enqueues a window, then
 * finishes. OpenCL C has no clock, so the start is what event profiling says (queued to start, on a
 * queue of its own, because profiling slows a queue); it lacks the device's last steps to the body.
 *
 *   buffer `out` (CL_MEM_USE_HOST_PTR: PoCL's CPU device works on our memory in place)
 *
 * Promised: no wait but clFinish, which is bounded by the kernels being five instructions long.
 *
 * Next: exp1_cuda.c */
#include "exp1.h"

#include <errno.h>
#include <stdlib.h>

#ifdef EXP1_WITH_OPENCL
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CL_TARGET_OPENCL_VERSION 120
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>

/* clang-format off */
#define ENTRIES(E)                                                                                 \
  E(clGetPlatformIDs) E(clGetPlatformInfo) E(clGetDeviceIDs) E(clCreateContext)                    \
  E(clCreateCommandQueue) E(clCreateProgramWithSource) E(clBuildProgram) E(clCreateKernel)         \
  E(clSetKernelArg) E(clCreateBuffer) E(clEnqueueNDRangeKernel) E(clFinish) E(clWaitForEvents)     \
  E(clGetEventProfilingInfo) E(clReleaseEvent) E(clReleaseMemObject)
/* clang-format on */

/* The library, the platform and its device: found once, kept until the process ends. */
static struct {
#define DECLARE(name) __typeof__(&name) name;
  ENTRIES(DECLARE)
#undef DECLARE
  void *library;
  cl_device_id device;
  char platform[256];
} cl;

#define TEXT(x)    #x
#define AS_TEXT(x) TEXT(x)
static const char source[] =
    "__kernel void body(__global ulong *out, ulong slot, ulong a, ulong b, "
    "ulong c) { " AS_TEXT(EXP1_BODY((out + slot), a, b, c)) "; }\n";

/* On that device, once for the process; point, buffer and out are the present point's. */
static struct queues {
  struct hx_point *point;
  cl_context context;
  cl_command_queue plain;
  cl_command_queue profiled;
  cl_program program;
  cl_kernel kernel;
  cl_mem buffer;
  uint64_t *out;
} queues;

static bool open_library(void)
{
  bool all = true;
  cl.library = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
  if (cl.library == NULL) {
    return false;
  }
#define LOOK_UP(name)                                                                              \
  *(void **)&cl.name = dlsym(cl.library, #name);                                                   \
  all = all && cl.name != NULL;
  ENTRIES(LOOK_UP)
#undef LOOK_UP
  return all;
}

/* PoCL compiles through files: give it a folder where HOME is not writable. */
static void give_cache_folder(void)
{
  static char folder[] = "/tmp/grosr-pocl-XXXXXX";
  const char *home = getenv("HOME");
  if (getenv("POCL_CACHE_DIR") != NULL || getenv("XDG_CACHE_HOME") != NULL) {
    return;
  }
  if ((home == NULL || access(home, W_OK) != 0) && mkdtemp(folder) != NULL) {
    setenv("POCL_CACHE_DIR", folder, 0);
  }
}

static bool find_platform(void)
{
  cl_platform_id platform[16];
  cl_uint count = 0;
  if (cl.clGetPlatformIDs(16, platform, &count) != CL_SUCCESS) {
    return false;
  }
  for (cl_uint i = 0; i < count && i < 16u; i++) {
    char name[128] = "";
    char version[120] = "";
    cl.clGetPlatformInfo(platform[i], CL_PLATFORM_NAME, sizeof(name), name, NULL);
    cl.clGetPlatformInfo(platform[i], CL_PLATFORM_VERSION, sizeof(version), version, NULL);
    if (strstr(name, "Portable Computing Language") != NULL &&
        cl.clGetDeviceIDs(platform[i], CL_DEVICE_TYPE_CPU, 1, &cl.device, NULL) == CL_SUCCESS) {
      snprintf(cl.platform, sizeof(cl.platform), "%s, %s", name, version);
      return true;
    }
  }
  return false;
}

static int enqueue(struct queues *run, cl_command_queue queue, const struct exp1_work *work,
                   cl_event *event)
{
  const size_t one = 1;
  const cl_ulong value[4] = {work->slot, work->a, work->b, work->c};
  for (cl_uint i = 0; i < 4u; i++) {
    cl.clSetKernelArg(run->kernel, i + 1u, sizeof(value[i]), &value[i]);
  }
  const cl_int status =
      cl.clEnqueueNDRangeKernel(queue, run->kernel, 1, NULL, &one, &one, 0, NULL, event);
  return status == CL_SUCCESS ? 0 : -EIO;
}

static int pocl_once(void *state, const struct exp1_work *work)
{
  struct queues *run = state;
  const int result = enqueue(run, run->plain, work, NULL);
  return result == 0 && cl.clFinish(run->plain) == CL_SUCCESS ? 0 : -EIO;
}

static int pocl_load(void *state, const struct exp1_load *load)
{
  struct queues *run = state;
  int result = 0;
  for (uint64_t i = 0; i < load->tasks && result == 0;) {
    for (uint64_t k = 0; k < load->window && i < load->tasks && result == 0; k++, i++) {
      const struct exp1_work work = {i, EXP1_A(i), EXP1_B(i), load->salt, false};
      result = enqueue(run, run->plain, &work, NULL);
    }
    if (result == 0 && cl.clFinish(run->plain) != CL_SUCCESS) {
      result = -EIO;
    }
  }
  return result;
}

static int measure_start(struct queues *run)
{
  const struct exp1_work work = {0, 3, 5, 7, false};
  int result = 0;
  for (uint32_t i = 0; result == 0 && (i < 100u || hx_more(run->point, "start_latency_us")); i++) {
    cl_event event = NULL;
    cl_ulong queued_ns = 0;
    cl_ulong start_ns = 0;
    result = enqueue(run, run->profiled, &work, &event);
    if (result < 0) {
      return result;
    }
    const bool good =
        cl.clWaitForEvents(1, &event) == CL_SUCCESS &&
        cl.clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_QUEUED, sizeof(queued_ns),
                                   &queued_ns, NULL) == CL_SUCCESS &&
        cl.clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof(start_ns), &start_ns,
                                   NULL) == CL_SUCCESS;
    cl.clReleaseEvent(event);
    if (!good || run->out[0] != 3u * 5u + 7u) {
      return hx_fail(run->point, "start: the profiled kernel failed");
    }
    if (i >= 100u) { /* the first ones warm up */
      hx_sample(run->point, "start_latency_us", (double)(start_ns - queued_ns) / 1e3);
    }
  }
  return result;
}

static int open_device(void)
{
  cl_int status = CL_SUCCESS;
  const char *text = source;
  queues.context = cl.clCreateContext(NULL, 1, &cl.device, NULL, NULL, &status);
  if (status == CL_SUCCESS) {
    queues.plain = cl.clCreateCommandQueue(queues.context, cl.device, 0, &status);
  }
  if (status == CL_SUCCESS) {
    queues.profiled =
        cl.clCreateCommandQueue(queues.context, cl.device, CL_QUEUE_PROFILING_ENABLE, &status);
  }
  if (status == CL_SUCCESS) {
    queues.program = cl.clCreateProgramWithSource(queues.context, 1, &text, NULL, &status);
  }
  if (status == CL_SUCCESS) {
    status = cl.clBuildProgram(queues.program, 1, &cl.device, "", NULL, NULL);
  }
  if (status == CL_SUCCESS) {
    queues.kernel = cl.clCreateKernel(queues.program, "body", &status);
  }
  return status;
}

/* Results go to `out`, in place. */
static int use_results(uint64_t *out, size_t bytes)
{
  cl_int status = CL_SUCCESS;
  queues.out = out;
  queues.buffer = cl.clCreateBuffer(queues.context, CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR, bytes,
                                    out, &status);
  if (status == CL_SUCCESS) {
    status = cl.clSetKernelArg(queues.kernel, 0, sizeof(queues.buffer), &queues.buffer);
  }
  return status;
}

/* Here, outside the point's time, because PoCL compiles the kernel when it is first run. */
int exp1_probe_pocl(struct hx_point *point)
{
  static bool looked;
  static int status = -1;
  static uint64_t out[2];
  const struct exp1_work work = {0, 3, 5, 7, false};
  if (!looked) {
    looked = true;
    give_cache_folder();
    if (!open_library() || !find_platform()) {
      cl.platform[0] = '\0';
    } else if ((status = open_device()) == CL_SUCCESS &&
               (status = use_results(out, sizeof(out))) == CL_SUCCESS) {
      status = pocl_once(&queues, &work);
      cl.clReleaseMemObject(queues.buffer);
    }
  }
  if (cl.platform[0] == '\0') {
    return hx_unmet(point, "no PoCL platform: apt install pocl-opencl-icd");
  }
  return status == 0 ? 0 : hx_unmet(point, "PoCL fails with error %d: see POCL_DEBUG=err", status);
}

int exp1_run_pocl(struct hx_point *point)
{
  uint64_t *out = exp1_results_take(point);
  if (out == NULL) {
    return -ENOMEM;
  }
  queues.point = point;
  int result = use_results(out, (exp1_tasks(point) + 2u) * sizeof(uint64_t));
  if (result != CL_SUCCESS) {
    free(out);
    return hx_fail(point, "OpenCL error %d for the results' buffer", result);
  }
  const struct exp1_engine engine = {
      .once = pocl_once, .load = pocl_load, .state = &queues, .out = out, .no_start = true};
  hx_note(point, "opencl", "%s", cl.platform);
  if (exp1_is_latency_point(point)) {
    hx_note(point, "start", "from event profiling, queued to start");
    result = measure_start(&queues);
  }
  result = result < 0 ? result : exp1_measure(point, &engine);
  cl.clReleaseMemObject(queues.buffer);
  free(out);
  return result;
}

#else
int exp1_probe_pocl(struct hx_point *point)
{
  return hx_unmet(point, "built without OpenCL: apt install ocl-icd-opencl-dev pocl-opencl-icd, "
                         "then configure again");
}
int exp1_run_pocl(struct hx_point *point)
{
  return exp1_probe_pocl(point);
}
#endif
