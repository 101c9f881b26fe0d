/* exp3_cpu.h - the allocators that exp3 calls on device cpu, each through struct exp3_calls.
 *
 * Called on the measuring thread. Next: exp3_cpu.c */
#pragma once

#include "exp3.h"
#include "exp_device.h"

enum exp3_who {
  EXP3_WHO_SLAB = 0,
  EXP3_WHO_BITMAP = 1,
  EXP3_WHO_GLIBC = 2,
  EXP3_WHO_JEMALLOC = 3,
  EXP3_WHO_MIMALLOC = 4,
  EXP3_WHO_BUMP = 5,
  EXP3_WHO_MMAP = 6,
  EXP3_WHO_COUNT = 7
};

/* Whether this process can call it: 0, or hx_unmet. */
int exp3_cpu_probe(struct hx_point *point, enum exp3_who who);
/* bytes: of an object, for mmap; bump_bytes: what is in use at most, of all teams. It stays valid
 * until this point's process ends. NULL: the point has its reason. */
const struct exp3_calls *exp3_cpu_calls(struct hx_point *point, enum exp3_who who, uint64_t bytes,
                                        uint64_t bump_bytes, uint32_t teams);

/* exp3_cpu_slab.c: the device's own allocator. */
extern const struct exp3_calls exp3_slab_calls, exp3_bitmap_calls;

/* First in main(): jemalloc's thread-local memory needs more room than the loader keeps for
 * libraries that are opened late, so this process begins again with more. */
void exp3_cpu_begin(char **argv);
