/* topology.c - placement of threads on cores by hwloc (topology.h).
 *
 * Order of cores: AUTO takes them in hwloc's order, in which neighbours share caches, so a
 * submitter and its first team are close; SPREAD lets hwloc distribute them over packages and
 * caches. Place 0 is the submitter's, 1 ... teams are the teams', the next the watchdog's. The
 * thread that opens a device is the submitter; its former binding is kept and given back when the
 * device is closed.
 *
 * A failure to bind is not a failure to run: it is noted and shown (grosr_info.placement).
 *
 * Next: backend_cpu.c (teams bind themselves). */
#include "host/topology.h"

#include <errno.h>
#include <hwloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/error.h"
#include "shared/limits.h"

#define NOTE_BYTES 4096

/* A note as it was told to somebody, who keeps the pointer: it never changes. */
struct told {
  struct told *before;
  size_t bytes;
  char text[];
};

struct gr_topology {
  hwloc_topology_t hwloc;
  enum grosr_placement placement;
  uint32_t cores;
  uint32_t teams;
  hwloc_cpuset_t *core; /* one hardware thread each, in the order they are given out */
  hwloc_cpuset_t ours;  /* all of them, whole */
  hwloc_cpuset_t submitter_before;
  pthread_t submitter;
  bool submitter_is_bound;
  pthread_mutex_t lock; /* guards note: threads bind themselves at the same time */
  uint32_t notes;       /* taken so far */
  char note[NOTE_BYTES];
  struct told *told; /* the newest; under the lock, too */
};

static void note_add(struct gr_topology *topology, const char *who, uint32_t number,
                     const char *what)
{
  pthread_mutex_lock(&topology->lock);
  /* Submitter, teams, watchdog; the teams of later launches are bound in the same way. */
  if (topology->notes++ < topology->teams + 2u) {
    const size_t used = strlen(topology->note);
    snprintf(topology->note + used, NOTE_BYTES - used, "%s%s %u: %s", used != 0 ? "; " : "", who,
             number, what);
  }
  pthread_mutex_unlock(&topology->lock);
}

/* Fills core[] with one singlified cpuset per allowed core. */
static int cores_find(struct gr_topology *topology)
{
  hwloc_const_cpuset_t allowed = hwloc_topology_get_allowed_cpuset(topology->hwloc);
  hwloc_cpuset_t ours = topology->ours = hwloc_bitmap_alloc();
  const int count = hwloc_get_nbobjs_by_type(topology->hwloc, HWLOC_OBJ_CORE);
  topology->core = calloc((size_t)(count > 0 ? count : 1), sizeof *topology->core);
  if (topology->core == NULL || ours == NULL) {
    return -ENOMEM;
  }
  /* The process may be confined further than the machine allows (taskset). */
  if (hwloc_get_cpubind(topology->hwloc, ours, HWLOC_CPUBIND_PROCESS) < 0) {
    hwloc_bitmap_copy(ours, allowed);
  }
  hwloc_bitmap_and(ours, ours, allowed);
  for (int i = 0; i < count; i++) {
    hwloc_cpuset_t set = hwloc_bitmap_dup(
        hwloc_get_obj_by_type(topology->hwloc, HWLOC_OBJ_CORE, (unsigned)i)->cpuset);
    hwloc_bitmap_and(set, set, ours);
    if (hwloc_bitmap_iszero(set)) {
      hwloc_bitmap_free(set);
      continue;
    }
    hwloc_bitmap_singlify(set);
    topology->core[topology->cores++] = set;
  }
  if (topology->cores == 0) { /* no core objects, or none ours: one place, anywhere allowed */
    topology->core[topology->cores++] = hwloc_bitmap_dup(ours);
  }
  return 0;
}

int gr_topology_open(enum grosr_placement placement, struct gr_topology **out)
{
  struct gr_topology *topology = calloc(1, sizeof *topology);
  int error = -ENOMEM;
  if (topology == NULL) {
    return gr_error_set(-ENOMEM, "no memory for the topology");
  }
  topology->placement = placement;
  pthread_mutex_init(&topology->lock, NULL);
  topology->submitter_before = hwloc_bitmap_alloc();
  if (hwloc_topology_init(&topology->hwloc) < 0) {
    goto out;
  }
  if (topology->submitter_before == NULL || hwloc_topology_load(topology->hwloc) < 0) {
    goto out;
  }
  error = cores_find(topology);
out:
  if (error < 0) {
    gr_topology_close(topology);
    return gr_error_set(error, "hwloc could not read this machine's topology; try lstopo");
  }
  *out = topology;
  return 0;
}

void gr_topology_close(struct gr_topology *topology)
{
  if (topology == NULL) {
    return;
  }
  for (uint32_t i = 0; i < topology->cores; i++) {
    hwloc_bitmap_free(topology->core[i]);
  }
  free(topology->core);
  hwloc_bitmap_free(topology->ours);
  hwloc_bitmap_free(topology->submitter_before);
  if (topology->hwloc != NULL) {
    hwloc_topology_destroy(topology->hwloc);
  }
  for (struct told *told = topology->told, *before; told != NULL; told = before) {
    before = told->before;
    free(told);
  }
  pthread_mutex_destroy(&topology->lock);
  free(topology);
}

uint32_t gr_topology_cores(const struct gr_topology *topology)
{
  return topology->cores;
}

const char *gr_topology_cpu_model(const struct gr_topology *topology)
{
  hwloc_obj_t package = hwloc_get_obj_by_type(topology->hwloc, HWLOC_OBJ_PACKAGE, 0);
  const char *model = package != NULL ? hwloc_obj_get_info_by_name(package, "CPUModel") : NULL;
  return model != NULL ? model : "";
}

/* Reorders core[] so that those given out first are far apart. */
static void cores_spread(struct gr_topology *topology)
{
  hwloc_obj_t root = hwloc_get_root_obj(topology->hwloc);
  hwloc_cpuset_t *spread = calloc(topology->cores, sizeof *spread);
  if (spread == NULL) {
    return;
  }
  if (hwloc_distrib(topology->hwloc, &root, 1, spread, topology->cores, INT_MAX, 0) == 0) {
    for (uint32_t i = 0; i < topology->cores; i++) {
      for (uint32_t j = i; j < topology->cores; j++) { /* the j-th core lies in the i-th share */
        if (hwloc_bitmap_intersects(topology->core[j], spread[i])) {
          hwloc_cpuset_t moved = topology->core[j];
          topology->core[j] = topology->core[i];
          topology->core[i] = moved;
          break;
        }
      }
      hwloc_bitmap_free(spread[i]);
    }
  }
  free(spread);
}

void gr_topology_plan(struct gr_topology *topology, uint32_t teams)
{
  topology->teams = teams;
  if (topology->placement == GROSR_PLACE_SPREAD) {
    cores_spread(topology);
  }
}

/* Binds the calling thread and its memory to a core, and looks where it then ran. */
static void bind_to(struct gr_topology *topology, const char *who, uint32_t number, uint32_t place)
{
  if (topology->placement == GROSR_PLACE_NONE) {
    note_add(topology, who, number, "unbound, as asked");
    return;
  }
  if (place >= topology->cores) { /* it would have inherited its creator's core */
    hwloc_set_cpubind(topology->hwloc, topology->ours, HWLOC_CPUBIND_THREAD);
    note_add(topology, who, number, "unbound, no core left");
    return;
  }
  hwloc_const_cpuset_t set = topology->core[place];
  hwloc_cpuset_t ran = hwloc_bitmap_alloc();
  char text[96];
  if (hwloc_set_cpubind(topology->hwloc, set, HWLOC_CPUBIND_THREAD) < 0) {
    snprintf(text, sizeof text, "unbound, hwloc says %s", strerror(errno));
  } else {
    const int memory =
        hwloc_set_membind(topology->hwloc, set, HWLOC_MEMBIND_BIND, HWLOC_MEMBIND_THREAD);
    sched_yield(); /* so that the thread runs where it now must */
    const bool is_there =
        hwloc_get_last_cpu_location(topology->hwloc, ran, HWLOC_CPUBIND_THREAD) == 0 &&
        hwloc_bitmap_isincluded(ran, set);
    snprintf(text, sizeof text, "cpu %d%s%s", hwloc_bitmap_first(set),
             is_there ? " verified" : " not verified", memory == 0 ? ", memory bound" : "");
  }
  hwloc_bitmap_free(ran);
  note_add(topology, who, number, text);
}

void gr_topology_bind_submitter(struct gr_topology *topology)
{
  if (hwloc_get_cpubind(topology->hwloc, topology->submitter_before, HWLOC_CPUBIND_THREAD) == 0) {
    topology->submitter = pthread_self();
    topology->submitter_is_bound = true;
  }
  bind_to(topology, "submitter", 0, 0);
}

void gr_topology_unbind_submitter(struct gr_topology *topology)
{
  if (topology->submitter_is_bound && pthread_equal(topology->submitter, pthread_self())) {
    hwloc_set_cpubind(topology->hwloc, topology->submitter_before, HWLOC_CPUBIND_THREAD);
    hwloc_set_membind(topology->hwloc, hwloc_topology_get_allowed_nodeset(topology->hwloc),
                      HWLOC_MEMBIND_DEFAULT, HWLOC_MEMBIND_THREAD | HWLOC_MEMBIND_BYNODESET);
  }
}

void gr_topology_bind_team(struct gr_topology *topology, uint32_t team)
{
  bind_to(topology, "team", team, 1u + team);
}

void gr_topology_bind_watchdog(struct gr_topology *topology)
{
  bind_to(topology, "watchdog", 0, 1u + topology->teams);
}

const char *gr_topology_report(struct gr_topology *topology)
{
  const char *text = "no memory for the note";
  pthread_mutex_lock(&topology->lock); /* the watchdog may be binding itself still */
  const size_t bytes = strlen(topology->note) + 1u;
  if (topology->told == NULL || topology->told->bytes != bytes) {
    struct told *told = malloc(sizeof *told + bytes);
    if (told != NULL) {
      told->before = topology->told;
      told->bytes = bytes;
      memcpy(told->text, topology->note, bytes);
      topology->told = told;
    }
  }
  text = topology->told != NULL ? topology->told->text : text;
  pthread_mutex_unlock(&topology->lock);
  return text;
}
