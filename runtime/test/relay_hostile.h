/* relay_hostile.h - two contexts, what lies around them, and whether any of it was touched.
 *
 *   folder/a, folder/b   the contexts' roots: files, folders, links that lead out, a FIFO
 *   folder/out           nobody's: a secret, whose bytes and neighbours stay as they are
 *
 * A context's region lies between guards. Calls go straight to gr_relay_carry_out, as the mediator
 * would hand them on: no ring, no device. Next: relay_hostile.c. */
#pragma once

#include "host/relay.h"

#define HOSTILE_CONTEXTS 2u
#define HOSTILE_GUARD    4096u
#define HOSTILE_BYTES    8192u             /* of a region; paths at its begin */
#define HOSTILE_DEVICE   0x7f0000000000ull /* where ops have context 0's; the next: + 2^32 */

struct hostile {
  char folder[64];
  struct gr_relay_context context[HOSTILE_CONTEXTS];
  unsigned char *memory[HOSTILE_CONTEXTS]; /* guard, region, guard */
  int descriptors; /* open before any call */
};

/* False: said on stderr. */
bool hostile_begin(struct hostile *h);
/* Takes everything away. False: descriptors are left, or the folder is. */
bool hostile_end(struct hostile *h);

/* One call of a context, and its answer looked at: a result that is possible, and a descriptor that
 * lies beneath the root if one was opened. False: said on stderr. */
bool hostile_call(struct hostile *h, uint32_t context, const struct gr_call *call);

/* Whether all around is as it was: guards, the secret, the folder; and there are as many
 * descriptors as handles. */
bool hostile_is_well(const struct hostile *h);

/* The region as the host has it. */
static inline unsigned char *hostile_region(const struct hostile *h, uint32_t context)
{
  return h->memory[context] + HOSTILE_GUARD;
}
static inline uint64_t hostile_device(uint32_t context)
{
  return HOSTILE_DEVICE + ((uint64_t)context << 32);
}
