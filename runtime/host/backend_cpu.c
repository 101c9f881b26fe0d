/* backend_cpu.c - the CPU as a device: a team is a thread (backend.h).
 *
 * Native speed and the whole protocol; the default where there is no GPU. "Device memory" is
 * anonymous memory of this process, so read and write are copies. A team stuck in an op is ended by
 * asynchronous cancellation, which is sound because ops are pure computation by contract
 * (device.h): they hold no lock of the C library.
 *
 * Next: ../port/port_cpu.h, ../device/microkernel.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "host/grosr_private.h"

#define PIECES_MAX        24
#define TEAMS_DEFAULT_MAX 8u
#define JOIN_WAIT_NS      2000000000u

/* Used by the CPU port's fences (port_cpu.h). */
gr_au32 gr_cpu_no_membarrier = {1u};
gr_au32 gr_cpu_meeting;

struct cpu_team {
  struct gr_backend *backend;
  pthread_t thread;
  uint32_t id;
  bool is_joinable;
};

struct gr_backend {
  const struct grosr_image *image;
  struct gr_topology *topology;
  struct gr_piece piece[PIECES_MAX];
  uint32_t pieces;
  struct gr_launch launch;
  struct cpu_team team[GR_TEAMS_MAX];
  gr_au32 gone;         /* teams of this launch that have left */
  bool is_launched;     /* there are threads to join; under launch_lock of struct grosr */
  bool is_abandoned;    /* a thread would not end: keep all memory */
  pthread_mutex_t lock; /* ended may be called by any thread; one of them joins */
};

/* Once per process: may the sleeper pay for both (port_cpu.h)? */
static void membarrier_register(void)
{
  const long registered = syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
  gr_store_relaxed_gpu_u32(&gr_cpu_no_membarrier, registered == 0 ? 0u : 1u);
}

static int cpu_probe(int index)
{
  return index <= 0 ? 0 : gr_error_set(-ENODEV, "there is one device 'cpu'; use --device cpu");
}

static int cpu_open(const struct grosr_options *options, int index, struct gr_topology *topology,
                    struct gr_device_facts *facts, struct gr_backend **out)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  const int error = cpu_probe(index);
  struct gr_backend *backend = error == 0 ? calloc(1, sizeof *backend) : NULL;
  if (backend == NULL) {
    return error < 0 ? error : gr_error_set(-ENOMEM, "no memory for the cpu device");
  }
  pthread_once(&once, membarrier_register);
  pthread_mutex_init(&backend->lock, NULL);
  backend->image = options->image;
  backend->topology = topology;
  const uint32_t cores = gr_topology_cores(topology);
  const uint32_t spare = cores > 3u ? cores - 2u : cores > 1u ? cores - 1u : 1u;
  snprintf(facts->name, sizeof facts->name, "cpu");
  snprintf(facts->description, sizeof facts->description, "%s, %u cores usable",
           gr_topology_cpu_model(topology), cores);
  facts->teams_default = spare < TEAMS_DEFAULT_MAX ? spare : TEAMS_DEFAULT_MAX;
  facts->lanes_default = 1u;
  facts->reserved_ingress_from = cores > 4u ? 4u : UINT32_MAX; /* not where few have a core */
  facts->control_poll_ns = 0u;
  *out = backend;
  return 0;
}

static int cpu_fits(struct gr_backend *backend, uint32_t teams, uint32_t lanes,
                    uint32_t scratch_bytes)
{
  (void)backend;
  (void)scratch_bytes;
  if (lanes != 1u) {
    return gr_error_set(-EINVAL, "%u lanes: a team of device cpu has 1; set lanes to 0 or 1",
                        lanes);
  }
  if (teams > GR_TEAMS_MAX) {
    return gr_error_set(-EINVAL, "%u teams; at most %u fit", teams, GR_TEAMS_MAX);
  }
  return 0;
}

static int cpu_take(struct gr_backend *backend, enum gr_memory_kind kind, uint64_t bytes,
                    struct gr_piece *out)
{
  const int when = kind == GR_MEMORY_ARENA ? MAP_NORESERVE : MAP_POPULATE;
  void *memory = MAP_FAILED;
  if (backend->pieces < PIECES_MAX) {
    memory =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | when, -1, 0);
  }
  if (memory == MAP_FAILED) {
    return gr_error_set(-ENOMEM, "no memory for %llu bytes; lower the sizes in grosr_options",
                        (unsigned long long)bytes);
  }
  const struct gr_piece piece = {memory, (uint64_t)(uintptr_t)memory, bytes};
  backend->piece[backend->pieces++] = piece;
  *out = piece;
  return 0;
}

static int cpu_write(struct gr_backend *backend, uint64_t device, const void *from, uint64_t bytes)
{
  (void)backend;
  memcpy((void *)(uintptr_t)device, from, bytes);
  return 0;
}

/* Teams write these words while we read them: 64 bits at a time, each relaxed. */
static int cpu_read(struct gr_backend *backend, uint64_t device, void *to, uint64_t bytes)
{
  (void)backend;
  const gr_au64 *from = (const gr_au64 *)(uintptr_t)device;
  uint64_t *out = to;
  if (device % 8u != 0 || bytes % 8u != 0) {
    return gr_error_set(-EINVAL, "device memory is read in words of 8 bytes");
  }
  for (uint64_t i = 0; i < bytes / 8u; i++) {
    out[i] = gr_load_acquire_gpu_u64(&from[i]);
  }
  return 0;
}

static void team_gone(void *argument)
{
  struct gr_backend *backend = argument;
  gr_add_acqrel_gpu_u32(&backend->gone, 1u);
}

static GR_CPU_UNWINDS void *team_main(void *argument)
{
  struct cpu_team *team = argument;
  struct gr_backend *backend = team->backend;
  gr_topology_bind_team(backend->topology, team->id);
  pthread_cleanup_push(team_gone, backend); /* also when an assert or a kill ends the thread */
  pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
  backend->image->cpu_main(backend->launch.dev, team->id, backend->launch.incarnation);
  pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, NULL);
  pthread_cleanup_pop(1);
  return NULL;
}

static int cpu_launch(struct gr_backend *backend, const struct gr_launch *launch)
{
  pthread_mutex_lock(&backend->lock);
  backend->launch = *launch;
  backend->is_launched = true;
  gr_store_release_gpu_u32(&backend->gone, 0u);
  int error = 0;
  for (uint32_t i = 0; i < launch->teams; i++) {
    struct cpu_team *team = &backend->team[i];
    team->backend = backend;
    team->id = i;
    error = error != 0 ? error : pthread_create(&team->thread, NULL, team_main, team);
    team->is_joinable = error == 0;
    if (error != 0) {
      team_gone(backend); /* it never came */
    }
  }
  pthread_mutex_unlock(&backend->lock);
  return error == 0
             ? 0
             : gr_error_set(-error, "no thread for a team; use fewer teams or raise ulimit -u");
}

static int cpu_ended(struct gr_backend *backend)
{
  pthread_mutex_lock(&backend->lock); /* before the look: another thread may launch the next */
  if (gr_load_acquire_gpu_u32(&backend->gone) != backend->launch.teams) {
    pthread_mutex_unlock(&backend->lock);
    return 0;
  }
  for (uint32_t i = 0; backend->is_launched && i < backend->launch.teams; i++) {
    if (backend->team[i].is_joinable) {
      pthread_join(backend->team[i].thread, NULL);
      backend->team[i].is_joinable = false;
    }
  }
  backend->is_launched = false;
  pthread_mutex_unlock(&backend->lock);
  return 1;
}

static int cpu_kill(struct gr_backend *backend)
{
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += JOIN_WAIT_NS / 1000000000u;
  pthread_mutex_lock(&backend->lock);
  for (uint32_t i = 0; i < backend->launch.teams; i++) {
    if (backend->team[i].is_joinable) {
      pthread_cancel(backend->team[i].thread);
    }
  }
  for (uint32_t i = 0; i < backend->launch.teams; i++) {
    struct cpu_team *team = &backend->team[i];
    if (team->is_joinable && pthread_timedjoin_np(team->thread, NULL, &until) == 0) {
      team->is_joinable = false;
    }
    backend->is_abandoned = backend->is_abandoned || team->is_joinable;
  }
  backend->is_launched = false;
  pthread_mutex_unlock(&backend->lock);
  return backend->is_abandoned
             ? gr_error_set(-ETIMEDOUT,
                            "a team's thread could not be ended; its memory is kept until "
                            "the process ends")
             : 0;
}

static void cpu_close(struct gr_backend *backend)
{
  if (backend->is_abandoned) {
    return; /* a thread still runs on it */
  }
  for (uint32_t i = 0; i < backend->pieces; i++) {
    munmap(backend->piece[i].host, backend->piece[i].bytes);
  }
  pthread_mutex_destroy(&backend->lock);
  free(backend);
}

const struct gr_backend_ops gr_backend_cpu = {
    .name = "cpu",
    .probe = cpu_probe,
    .open = cpu_open,
    .fits = cpu_fits,
    .take = cpu_take,
    .write = cpu_write,
    .read = cpu_read,
    .launch = cpu_launch,
    .ended = cpu_ended,
    .kill = cpu_kill,
    .close = cpu_close,
    .has_host_clock = true,
    .host_can_wake = true,
    .teams_are_threads = true,
};
