/* pin.c - see pin.h. The state below is written by init and fini only. Next: stats.c */
#include "pin.h"

#include <errno.h>
#include <hwloc.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "hx.h"

static struct {
  hwloc_topology_t topology;
  hwloc_bitmap_t allowed;   /* what the process was given at start */
  hwloc_bitmap_t home_node; /* its memory policy at start */
  hwloc_membind_policy_t home_policy;
  bool home_known;
  unsigned *core_pu; /* the system's number of the hardware thread that stands for a core */
  unsigned core_count;
} pin;

/* One entry per core that has an allowed hardware thread; systems that show no cores count PUs. */
static int list_cores(void)
{
  const int cores = hwloc_get_nbobjs_by_type(pin.topology, HWLOC_OBJ_CORE);
  const hwloc_obj_type_t type = cores > 0 ? HWLOC_OBJ_CORE : HWLOC_OBJ_PU;
  const int count = hwloc_get_nbobjs_by_type(pin.topology, type);
  hwloc_bitmap_t both = hwloc_bitmap_alloc();
  pin.core_pu = calloc(count > 0 ? (size_t)count : 1, sizeof(*pin.core_pu));
  if (pin.core_pu == NULL || both == NULL) {
    hwloc_bitmap_free(both);
    return -ENOMEM;
  }
  for (int i = 0; i < count; i++) {
    const hwloc_obj_t core = hwloc_get_obj_by_type(pin.topology, type, (unsigned)i);
    hwloc_bitmap_and(both, core->cpuset, pin.allowed);
    if (!hwloc_bitmap_iszero(both))
      pin.core_pu[pin.core_count++] = (unsigned)hwloc_bitmap_first(both);
  }
  hwloc_bitmap_free(both);
  return 0;
}

int hx_pin_init(void)
{
  int result = 0;
  if (hwloc_topology_init(&pin.topology) < 0)
    return -ENOMEM;
  if (hwloc_topology_load(pin.topology) < 0) {
    result = -EIO;
    goto out;
  }
  pin.allowed = hwloc_bitmap_alloc();
  pin.home_node = hwloc_bitmap_alloc();
  if (pin.allowed == NULL || pin.home_node == NULL) {
    result = -ENOMEM;
    goto out;
  }
  if (hwloc_get_cpubind(pin.topology, pin.allowed, HWLOC_CPUBIND_THREAD) < 0)
    hwloc_bitmap_copy(pin.allowed, hwloc_topology_get_allowed_cpuset(pin.topology));
  hwloc_bitmap_and(pin.allowed, pin.allowed, hwloc_topology_get_allowed_cpuset(pin.topology));
  pin.home_known = hwloc_get_membind(pin.topology, pin.home_node, &pin.home_policy,
                                     HWLOC_MEMBIND_THREAD | HWLOC_MEMBIND_BYNODESET) == 0;
  result = list_cores();
out:
  if (result < 0)
    hx_pin_fini();
  return result;
}

void hx_pin_fini(void)
{
  free(pin.core_pu);
  hwloc_bitmap_free(pin.home_node);
  hwloc_bitmap_free(pin.allowed);
  if (pin.topology != NULL)
    hwloc_topology_destroy(pin.topology);
  pin.topology = NULL;
  pin.allowed = NULL;
  pin.home_node = NULL;
  pin.home_known = false;
  pin.core_pu = NULL;
  pin.core_count = 0;
}

int hx_pin_allowed_text(char *text, size_t text_bytes)
{
  text[0] = '\0';
  if (pin.topology == NULL)
    return -ENODATA;
  hwloc_bitmap_list_snprintf(text, text_bytes, pin.allowed);
  return 0;
}

int hx_pin_export(const char *path)
{
  if (pin.topology == NULL)
    return -ENODATA;
  errno = 0;
  if (hwloc_topology_export_xml(pin.topology, path, 0) < 0)
    return errno > 0 ? -errno : -EIO;
  return 0;
}

void hx_pin_machine(struct hx_pin_counts *out)
{
  *out = (struct hx_pin_counts){0};
  if (pin.topology == NULL)
    return;
  out->packages = hwloc_get_nbobjs_by_type(pin.topology, HWLOC_OBJ_PACKAGE);
  out->nodes = hwloc_get_nbobjs_by_type(pin.topology, HWLOC_OBJ_NUMANODE);
  out->cores = hwloc_get_nbobjs_by_type(pin.topology, HWLOC_OBJ_CORE);
  out->threads = hwloc_get_nbobjs_by_type(pin.topology, HWLOC_OBJ_PU);
}

int hx_pin_core_cpu(unsigned core)
{
  return core < pin.core_count ? (int)pin.core_pu[core] : -1;
}

unsigned hx_core_count(void)
{
  return pin.core_count;
}

/* Where the calling thread ran last, or -1 where the system cannot say. */
static int seen_on(void)
{
  int pu = -1;
  hwloc_bitmap_t set = hwloc_bitmap_alloc();
  sched_yield(); /* a thread that was elsewhere has moved once it was scheduled again */
  if (set != NULL && hwloc_get_last_cpu_location(pin.topology, set, HWLOC_CPUBIND_THREAD) == 0)
    pu = hwloc_bitmap_first(set);
  hwloc_bitmap_free(set);
  return pu;
}

int hx_pin(struct hx_point *point, unsigned core)
{
  char key[32];
  int result = 0;
  bool memory = false;
  snprintf(key, sizeof(key), "pin.%u", core);
  if (core >= pin.core_count) {
    hx_note(point, key, "refused: this process has %u cores", pin.core_count);
    return -ERANGE;
  }
  const unsigned pu = pin.core_pu[core];
  hwloc_bitmap_t set = hwloc_bitmap_alloc();
  if (set == NULL)
    return -ENOMEM;
  hwloc_bitmap_only(set, pu);
  if (hwloc_set_cpubind(pin.topology, set, HWLOC_CPUBIND_THREAD) < 0) {
    result = errno > 0 ? -errno : -EIO;
    hx_note(point, key, "cpu %u refused (errno %d)", pu, -result);
    goto out;
  }
  memory = hwloc_set_membind(pin.topology, set, HWLOC_MEMBIND_BIND, HWLOC_MEMBIND_THREAD) == 0;
  const int seen = seen_on();
  if (seen >= 0 && (unsigned)seen != pu)
    result = -EIO;
  hx_note(point, key, "cpu %u, memory %s, seen on cpu %d%s", pu,
          memory ? "bound to its node" : "not bound", seen, result < 0 ? ": not bound" : "");
out:
  hwloc_bitmap_free(set);
  return result;
}

int hx_pin_release(void)
{
  if (pin.topology == NULL)
    return -ENODATA;
  if (hwloc_set_cpubind(pin.topology, pin.allowed, HWLOC_CPUBIND_THREAD) < 0)
    return errno > 0 ? -errno : -EIO;
  if (pin.home_known)
    hwloc_set_membind(pin.topology, pin.home_node, pin.home_policy,
                      HWLOC_MEMBIND_THREAD | HWLOC_MEMBIND_BYNODESET);
  return 0;
}

int hx_unpin(struct hx_point *point)
{
  const int result = hx_pin_release();
  if (result < 0)
    hx_note(point, "unpin", "refused (errno %d)", -result);
  return result;
}
