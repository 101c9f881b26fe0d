/* backend_cuda.c - an NVIDIA GPU as a device: context, module, memory, launch, and how it can fail.
 *
 * Called through backend.h by api.c, launch.c and the watchdog, threads as it says. `open` picks
 * the GPU and loads the image; `fits` decides how teams are laid out in blocks; `launch` starts
 * them all at once.
 *
 * Hazards of ../shared/anchors/dispatch.md, section 4, and the guard here:
 *   H1  lazy loading      the mode is EAGER, verified; the module is loaded and its kernel touched
 *   H2  waiting calls     no NULL stream, no synchronising call, no allocation under the kernel
 *   H3  co-residency      cooperative launch, and `fits` counts by the driver's own occupancy
 *   H4  other contexts    one context per open device, one kernel in it, and the launchers
 *   H5  unbounded waits   each wait here has a limit (GR_CUDA_*_NS)
 *   H6  display watchdog  such a GPU is refused (cuda_driver.c)
 *   H8  RMW over PCIe     not here: shared words have one writer (shared/boundary.h)
 *
 * The caller's own current context is put back by every function.
 *
 * Next: backend_cuda_memory.c, ../port/port_cuda_shape.h, cuda_driver.c. */
#include "host/backend_cuda.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "port/port.h"
#include "port/port_cuda_shape.h"

/* Teams are one warp by default, four to an SM: one for each of its schedulers. */
#define GR_CUDA_LANES_PER_SM 128u

/* One layout of teams in blocks (port_cuda_shape.h). */
struct gr_cuda_shape {
  uint32_t rows;
  uint32_t blocks;
  uint32_t shared_bytes;
};

int gr_cuda_enter(struct gr_backend *backend)
{
  pthread_rwlock_rdlock(&backend->context_lock);
  int status = 0;
  if (backend->context == NULL) {
    status = gr_error_set(-EIO, "cuda:%d was given up after an op that did not end; close it",
                          backend->index);
  } else {
    const unsigned result = backend->cuda->CtxPushCurrent(backend->context);
    status = result == GR_CU_SUCCESS ? 0 : gr_cuda_error(result, "cuCtxPushCurrent");
  }
  if (status != 0) {
    pthread_rwlock_unlock(&backend->context_lock);
  }
  return status;
}

int gr_cuda_leave(struct gr_backend *backend, int status)
{
  struct CUctx_st *ours;
  const unsigned result = backend->cuda->CtxPopCurrent(&ours);
  pthread_rwlock_unlock(&backend->context_lock);
  return status < 0 || result == GR_CU_SUCCESS ? status : gr_cuda_error(result, "cuCtxPopCurrent");
}

/* ---- shape and launch ---- */
/* How many blocks of `rows` teams the whole GPU holds at once; 0 if one alone is too big. */
static int gr_cuda_capacity(struct gr_backend *backend, uint32_t threads, uint32_t shared_bytes,
                            uint32_t *blocks)
{
  int per_multiprocessor = 0;
  *blocks = 0u;
  if (shared_bytes > backend->shared_bytes_max) {
    return 0;
  }
  unsigned result = backend->cuda->FuncSetAttribute(
      backend->kernel, GR_CU_FUNC_DYNAMIC_SHARED_BYTES, (int)shared_bytes);
  if (result == GR_CU_SUCCESS) {
    result = backend->cuda->OccupancyMaxActiveBlocks(&per_multiprocessor, backend->kernel,
                                                     (int)threads, shared_bytes);
  }
  if (result != GR_CU_SUCCESS) {
    return gr_cuda_error(result, "asking how many teams fit");
  }
  *blocks = (uint32_t)per_multiprocessor * backend->multiprocessors;
  return 0;
}

/* The layout with the fewest teams in a block that holds all; *most is what the best one holds. */
static int gr_cuda_choose(struct gr_backend *backend, uint32_t teams, uint32_t lanes,
                          uint32_t scratch_bytes, struct gr_cuda_shape *shape, uint32_t *most)
{
  *most = 0u;
  for (uint32_t rows = 1u; rows <= (lanes == 32u ? GR_CUDA_ROWS_MAX : 1u) &&
                           lanes * rows <= (uint32_t)backend->lanes_max;
       rows *= 2u) {
    uint32_t capacity = 0u;
    const uint32_t shared_bytes = rows * GR_CUDA_ROW_BYTES(scratch_bytes);
    const int status = gr_cuda_capacity(backend, lanes * rows, shared_bytes, &capacity);
    if (status != 0) {
      return status;
    }
    const uint32_t blocks = (teams + rows - 1u) / rows;
    if (blocks <= capacity) {
      *shape = (struct gr_cuda_shape){rows, blocks, shared_bytes};
      return 0;
    }
    *most = capacity * rows > *most ? capacity * rows : *most;
  }
  return -ENOSPC;
}

static int gr_cuda_fits(struct gr_backend *backend, uint32_t teams, uint32_t lanes,
                        uint32_t scratch_bytes)
{
  struct gr_cuda_shape shape;
  uint32_t most = 0u;
  if (lanes < 32u || lanes > (uint32_t)backend->lanes_max || lanes % 32u != 0u) {
    return gr_error_set(
        -EINVAL,
        "lanes is %u; with image %s on a GPU use 32, 64, ... up to %d (%d registers "
        "a lane)",
        lanes, backend->image->name, backend->lanes_max, backend->registers);
  }
  int status = gr_cuda_enter(backend);
  if (status != 0) {
    return status;
  }
  status = gr_cuda_choose(backend, teams, lanes, scratch_bytes, &shape, &most);
  if (status == -ENOSPC) {
    status = gr_error_set(-EINVAL,
                          "%u teams of %u lanes with %u bytes of scratch do not run at once "
                          "on cuda:%d; at most %u do",
                          teams, lanes, scratch_bytes, backend->index,
                          most < GR_TEAMS_MAX ? most : GR_TEAMS_MAX);
  }
  return gr_cuda_leave(backend, status);
}

static int gr_cuda_launch(struct gr_backend *backend, const struct gr_launch *launch)
{
  struct gr_cuda_shape shape;
  uint32_t most = 0u;
  struct gr_dev *dev = launch->dev;
  uint32_t incarnation = launch->incarnation;
  void *params[] = {&dev, &incarnation};
  int status = gr_cuda_enter(backend);
  if (status != 0) {
    return status;
  }
  status =
      gr_cuda_choose(backend, launch->teams, launch->lanes, launch->scratch_bytes, &shape, &most);
  if (status == 0) {
    const unsigned result = backend->cuda->LaunchCooperativeKernel(
        backend->kernel, shape.blocks, 1u, 1u, launch->lanes, shape.rows, 1u, shape.shared_bytes,
        backend->launch_stream, params);
    status = result == GR_CU_SUCCESS ? 0 : gr_cuda_error(result, "starting the microkernel");
  } else if (status == -ENOSPC) {
    status = gr_error_set(-EINVAL, "%u teams no longer fit; at most %u do", launch->teams, most);
  }
  return gr_cuda_leave(backend, status);
}

static int gr_cuda_ended(struct gr_backend *backend)
{
  const int status = gr_cuda_enter(backend);
  if (status != 0) {
    return status;
  }
  const unsigned result = backend->cuda->StreamQuery(backend->launch_stream);
  return gr_cuda_leave(backend, result == GR_CU_SUCCESS ? 1
                                : result == GR_CU_NOT_READY
                                    ? 0
                                    : gr_cuda_error(result, "the microkernel failed"));
}

/* ---- open ---- */
/* Why an image cannot be loaded is told by what it is and by what is here. */
static int gr_cuda_load_error(struct gr_backend *backend, unsigned result)
{
  int major = 0, minor = 0, version = 0;
  const struct gr_cuda_driver *cuda = backend->cuda;
  if (result != GR_CU_NO_BINARY_FOR_GPU && result != GR_CU_UNSUPPORTED_PTX_VERSION &&
      result != GR_CU_INVALID_IMAGE && result != GR_CU_INVALID_PTX &&
      result != GR_CU_JIT_COMPILER_NOT_FOUND && result != GR_CU_JIT_COMPILATION_DISABLED) {
    return gr_cuda_error(result, "loading the image");
  }
  cuda->DeviceGetAttribute(&major, GR_CU_ATTRIBUTE_CAPABILITY_MAJOR, backend->device);
  cuda->DeviceGetAttribute(&minor, GR_CU_ATTRIBUTE_CAPABILITY_MINOR, backend->device);
  cuda->DriverGetVersion(&version);
  return gr_error_set(
      -ENOEXEC,
      "image %s has no code that cuda:%d (sm_%d%d, driver for CUDA %d.%d) can "
      "run (error %u): add %d%d to -Dgpu_archs and rebuild, or, if nvcc was newer than "
      "CUDA %d.%d, update the driver",
      backend->image->name, backend->index, major, minor, version / 1000, version % 1000 / 10,
      result, major, minor, version / 1000, version % 1000 / 10);
}

/* Loads the image now and touches its kernel, so that nothing is left to be loaded later (H1). */
static int gr_cuda_load(struct gr_backend *backend)
{
  const struct gr_cuda_driver *cuda = backend->cuda;
  unsigned mode = 0u;
  unsigned result = cuda->ModuleGetLoadingMode(&mode);
  if (result != GR_CU_SUCCESS) {
    return gr_cuda_error(result, "cuModuleGetLoadingMode");
  }
  if (mode != GR_CU_MODULE_EAGER) {
    return gr_error_set(
        -EINVAL, "CUDA loads modules lazily in this process, which deadlocks with a "
                 "resident kernel; set CUDA_MODULE_LOADING=EAGER before its first use of CUDA");
  }
  result = cuda->ModuleLoadData(&backend->module, backend->image->fatbin);
  if (result != GR_CU_SUCCESS) {
    return gr_cuda_load_error(backend, result);
  }
  result = cuda->ModuleGetFunction(&backend->kernel, backend->module, backend->image->kernel_name);
  if (result == GR_CU_SUCCESS) {
    result = cuda->FuncGetAttribute(&backend->registers, GR_CU_FUNC_REGISTERS, backend->kernel);
  }
  if (result == GR_CU_SUCCESS) {
    result = cuda->FuncGetAttribute(&backend->lanes_max, GR_CU_FUNC_THREADS_MAX, backend->kernel);
  }
  return result == GR_CU_SUCCESS ? 0 : gr_cuda_error(result, backend->image->kernel_name);
}

/* In the new context: image, streams, and the buffer for copies. */
static int gr_cuda_furnish(struct gr_backend *backend)
{
  const struct gr_cuda_driver *cuda = backend->cuda;
  const int status = gr_cuda_load(backend);
  if (status != 0) {
    return status;
  }
  unsigned result = cuda->StreamCreate(&backend->launch_stream, GR_CU_STREAM_NON_BLOCKING);
  if (result == GR_CU_SUCCESS) {
    result = cuda->StreamCreate(&backend->copy_stream, GR_CU_STREAM_NON_BLOCKING);
  }
  if (result != GR_CU_SUCCESS) {
    return gr_cuda_error(result, "cuStreamCreate");
  }
  return gr_cuda_take_shared(backend, GR_CUDA_BOUNCE_BYTES, &backend->bounce);
}

static int gr_cuda_prepare(struct gr_backend *backend)
{
  const struct gr_cuda_driver *cuda = backend->cuda;
  struct CUctx_st *ours = NULL;
  int multiprocessors = 0, shared_bytes = 0;
  int status = gr_cuda_attribute(cuda, backend->device, GR_CU_ATTRIBUTE_MULTIPROCESSOR_COUNT,
                                 &multiprocessors);
  if (status == 0) {
    status =
        gr_cuda_attribute(cuda, backend->device, GR_CU_ATTRIBUTE_SHARED_BYTES_OPTIN, &shared_bytes);
  }
  if (status != 0) {
    return status;
  }
  backend->multiprocessors = (uint32_t)multiprocessors;
  backend->shared_bytes_max = (uint32_t)shared_bytes;
  const unsigned result =
      cuda->CtxCreate(&ours, GR_CU_CTX_SCHED_SPIN | GR_CU_CTX_MAP_HOST, backend->device);
  if (result != GR_CU_SUCCESS) {
    return gr_cuda_error(result, "cuCtxCreate");
  }
  backend->context = ours;
  pthread_rwlock_rdlock(&backend->context_lock); /* creating it has entered it */
  return gr_cuda_leave(backend, gr_cuda_furnish(backend));
}

static void gr_cuda_describe(struct gr_backend *backend, uint32_t lanes,
                             struct gr_device_facts *facts)
{
  const struct gr_cuda_driver *cuda = backend->cuda;
  char name[96] = "?", bus[32] = "?";
  size_t bytes = 0;
  int version = 0, khz = 0;
  cuda->DeviceGetName(name, (int)sizeof name, backend->device);
  cuda->DeviceGetPCIBusId(bus, (int)sizeof bus, backend->device);
  cuda->DeviceTotalMem(&bytes, backend->device);
  cuda->DriverGetVersion(&version);
  cuda->DeviceGetAttribute(&khz, GR_CU_ATTRIBUTE_CLOCK_RATE_KHZ, backend->device);
  const uint32_t per_multiprocessor =
      lanes < GR_CUDA_LANES_PER_SM ? GR_CUDA_LANES_PER_SM / lanes : 1u;
  const uint32_t teams = backend->multiprocessors * per_multiprocessor;
  snprintf(facts->name, sizeof facts->name, "cuda:%d", backend->index);
  snprintf(
      facts->description, sizeof facts->description,
      "%s, %u SMs at up to %d MHz, %.1f GiB, PCI %s, driver for CUDA %d.%d, %d registers a lane",
      name, backend->multiprocessors, khz / 1000, (double)bytes / 1073741824.0, bus, version / 1000,
      version % 1000 / 10, backend->registers);
  facts->lanes_default = 32u;
  facts->teams_default = teams < GR_TEAMS_MAX ? teams : GR_TEAMS_MAX;
  facts->reserved_ingress_from = 2u;
  facts->control_poll_ns = GR_CONTROL_POLL_NS;
}

/* The device to use: the given one, or the first that can run the microkernel. */
static int gr_cuda_pick(const struct gr_cuda_driver *cuda, int index, int *picked, int *device)
{
  int count = 0;
  if (index >= 0) {
    *picked = index;
    return gr_cuda_device_check(cuda, index, device);
  }
  int status = gr_cuda_device_check(cuda, 0, device);
  *picked = 0;
  if (status == 0 || cuda->DeviceGetCount(&count) != GR_CU_SUCCESS) {
    return status;
  }
  for (int other = 1; other < count && status != 0; other++) {
    status = gr_cuda_device_check(cuda, other, device);
    *picked = other;
  }
  return status;
}

static int gr_cuda_probe(int index)
{
  const struct gr_cuda_driver *cuda;
  int picked, device;
  const int status = gr_cuda_driver_open(&cuda);
  return status == 0 ? gr_cuda_pick(cuda, index, &picked, &device) : status;
}

static int gr_cuda_open(const struct grosr_options *options, int index,
                        struct gr_topology *topology, struct gr_device_facts *facts,
                        struct gr_backend **out)
{
  (void)topology; /* the GPU's teams are the driver's to place */
  const struct grosr_image *image = options->image;
  const struct gr_cuda_driver *cuda;
  int status = gr_cuda_driver_open(&cuda);
  if (status != 0) {
    return status;
  }
  if (image->fatbin == NULL || image->fatbin == image->fatbin_end) {
    return gr_error_set(-ENOEXEC,
                        "image %s was built without nvcc and has no code for GPUs; rebuild it "
                        "with -Dgpu=enabled, or use --device cpu",
                        image->name);
  }
  if (gr_cuda_is_stuck()) {
    return gr_error_set(-EBUSY,
                        "an op that never ended still holds a GPU in this process; start a new "
                        "process");
  }
  struct gr_backend *backend = calloc(1, sizeof *backend);
  if (backend == NULL) {
    return gr_error_set(-ENOMEM, "no memory for a device; free some");
  }
  pthread_mutex_init(&backend->copy_lock, NULL);
  pthread_rwlock_init(&backend->context_lock, NULL);
  backend->cuda = cuda;
  backend->image = image;
  status = gr_cuda_pick(cuda, index, &backend->index, &backend->device);
  if (status == 0) {
    status = gr_cuda_prepare(backend);
  }
  if (status != 0) {
    gr_cuda_close(backend);
    return status;
  }
  gr_cuda_describe(backend, options->lanes != 0u ? options->lanes : 32u, facts);
  *out = backend;
  return 0;
}

const struct gr_backend_ops gr_backend_cuda = {
    .name = "cuda",
    .probe = gr_cuda_probe,
    .open = gr_cuda_open,
    .fits = gr_cuda_fits,
    .take = gr_cuda_take,
    .write = gr_cuda_write,
    .read = gr_cuda_read,
    .launch = gr_cuda_launch,
    .ended = gr_cuda_ended,
    .kill = gr_cuda_kill,
    .kernels_open = gr_cuda_kernels_open,
    .kernels_start = gr_cuda_kernels_start,
    .kernels_end = gr_cuda_kernels_end,
    .close = gr_cuda_close,
    .needs_fatbin = true,
    .is_numbered = true,
};
