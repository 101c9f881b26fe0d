/* backend_sim.c - device "sim": the only one of libgrosr-sim (host/backend.h).
 *
 * A team's lanes are participants of the run; its memory, as everything that teams and host share,
 * comes from gr_sim_take, so that races on it are seen. A launch opens the teams anew; a kill ends
 * them where they stand.
 *
 * Next: topology_sim.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/microkernel.h"
#include "host/grosr_private.h"
#include "sim/backend_sim.h"

#define WARP_LANES_MAX 32u

struct gr_backend {
  const struct grosr_image *image;
  struct gr_launch launch;
  struct gr_sim_team *team[GR_TEAMS_MAX];
  unsigned char *memory; /* of the teams: struct gr_team and scratch each */
  size_t team_bytes;
};

void gr_backend_begin(void)
{
  gr_incarnations.v = 0; /* of this process: a seed gives the same trace in every run of it */
}

static int sim_probe(int index)
{
  return index <= 0 ? 0 : gr_error_set(-ENODEV, "there is one device 'sim'; use --device sim");
}

static int sim_open(const struct grosr_options *options, int index, struct gr_topology *topology,
                    struct gr_device_facts *facts, struct gr_backend **out)
{
  (void)topology;
  const int error = sim_probe(index);
  struct gr_backend *backend = error == 0 ? calloc(1, sizeof *backend) : NULL;
  if (backend == NULL) {
    return error < 0 ? error : gr_error_set(-ENOMEM, "no memory for the sim device");
  }
  backend->image = options->image;
  snprintf(facts->name, sizeof facts->name, "sim");
  snprintf(facts->description, sizeof facts->description, "simulated, seed %llu, virtual time",
           (unsigned long long)gr_sim_config()->seed);
  facts->teams_default = 2u;
  facts->lanes_default = 1u;
  facts->reserved_ingress_from = 4u;
  facts->control_poll_ns = 0u;
  *out = backend;
  return 0;
}

static int sim_fits(struct gr_backend *backend, uint32_t teams, uint32_t lanes,
                    uint32_t scratch_bytes)
{
  (void)backend;
  (void)scratch_bytes;
  if (lanes > GR_SIM_LANES_MAX || (lanes & (lanes - 1u)) != 0u) {
    return gr_error_set(-EINVAL, "%u lanes: a team of device sim has a power of two up to %u",
                        lanes, GR_SIM_LANES_MAX);
  }
  if (teams * lanes > GR_SIM_PARTICIPANTS_MAX - 16u) {
    return gr_error_set(-EINVAL, "%u teams of %u lanes; device sim has %u lanes in all", teams,
                        lanes, GR_SIM_PARTICIPANTS_MAX - 16u);
  }
  return 0;
}

static int sim_take(struct gr_backend *backend, enum gr_memory_kind kind, uint64_t bytes,
                    struct gr_piece *out)
{
  (void)backend;
  void *memory = gr_sim_take(kind == GR_MEMORY_SHARED ? "shared memory" : "device memory", bytes);
  if (memory == NULL) {
    return gr_error_set(-ENOMEM,
                        "no simulated memory for %llu bytes; lower the sizes in "
                        "grosr_options",
                        (unsigned long long)bytes);
  }
  const struct gr_piece piece = {memory, (uint64_t)(uintptr_t)memory, bytes};
  *out = piece;
  return 0;
}

static int sim_write(struct gr_backend *backend, uint64_t device, const void *from, uint64_t bytes)
{
  (void)backend;
  memcpy((void *)(uintptr_t)device, from, bytes);
  return 0;
}

static int sim_read(struct gr_backend *backend, uint64_t device, void *to, uint64_t bytes)
{
  (void)backend;
  const gr_au64 *from = (const gr_au64 *)(uintptr_t)device;
  uint64_t *out = to;
  for (uint64_t i = 0; i < bytes / 8u; i++) {
    out[i] = gr_load_acquire_gpu_u64(&from[i]);
  }
  return 0;
}

static void lane_main(void *argument)
{
  const struct gr_backend *backend = argument;
  struct gr_team *team = gr_sim_team_memory();
  backend->image->cpu_main(team->dev, team->id, team->incarnation);
}

static int sim_launch(struct gr_backend *backend, const struct gr_launch *launch)
{
  const uint32_t warp_lanes = launch->lanes < WARP_LANES_MAX ? launch->lanes : WARP_LANES_MAX;
  if (backend->memory == NULL) {
    backend->team_bytes = (sizeof(struct gr_team) + launch->scratch_bytes + 127u) & ~(size_t)127u;
    backend->memory = gr_sim_take("team memory", launch->teams * backend->team_bytes);
  }
  if (backend->memory == NULL) {
    return gr_error_set(-ENOMEM, "no simulated memory for %u teams", launch->teams);
  }
  backend->launch = *launch;
  for (uint32_t i = 0; i < launch->teams; i++) {
    struct gr_team *team = (struct gr_team *)(void *)(backend->memory + i * backend->team_bytes);
    memset(team, 0, backend->team_bytes);
    team->dev = launch->dev;
    team->id = i;
    team->incarnation = launch->incarnation;
    backend->team[i] = gr_sim_team_open(i, launch->lanes, warp_lanes, team);
    gr_sim_team_start(backend->team[i], lane_main, backend);
  }
  return 0;
}

static int sim_ended(struct gr_backend *backend)
{
  gr_pause(); /* a step: who asks again and again lets the others go on */
  for (uint32_t i = 0; i < backend->launch.teams; i++) {
    if (!gr_sim_team_is_gone(backend->team[i])) {
      return 0;
    }
  }
  return 1;
}

static int sim_kill(struct gr_backend *backend)
{
  for (uint32_t i = 0; i < backend->launch.teams; i++) {
    gr_sim_team_kill(backend->team[i]);
  }
  return 0;
}

static void sim_close(struct gr_backend *backend)
{
  free(backend); /* its memory is the run's */
}

static const struct gr_backend_ops backend_sim = {
    .name = "sim",
    .probe = sim_probe,
    .open = sim_open,
    .fits = sim_fits,
    .take = sim_take,
    .write = sim_write,
    .read = sim_read,
    .launch = sim_launch,
    .ended = sim_ended,
    .kill = sim_kill,
    .close = sim_close,
    .has_host_clock = true,
    .host_can_wake = true,
    .teams_are_threads = true,
};

const struct gr_backend_ops *const gr_backends[] = {&backend_sim, NULL};
const char gr_backends_text[] = "sim (cpu and cuda: link with grosr instead of grosr-sim)";
