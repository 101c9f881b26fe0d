/* memory.h - the memory that ops allocate (device.h), seen from the host: allocate for a context,
 * copy in and out, limit, reset, count, and find who misuses it.
 *
 *   uint64_t object;
 *   grosr_memory_quota(g, tenant, 16u << 20);
 *   grosr_memory_alloc(g, tenant, 4096, 0, &object);            as gr_alloc in an op of tenant's
 *   grosr_memory_write(g, tenant, object, 0, input, 4096);
 *   task.arg[0] = object;                                       its ops have it as a pointer
 *   ...
 *   grosr_memory_read(g, tenant, object, 0, output, 4096);
 *   grosr_memory_free(g, tenant, object);
 *
 * Each context has an *arena*: what its ops and the host allocate for it. Memory belongs to the
 * arena and not to a task; it is there until it is freed, the arena is reset, or the context is
 * closed. Pages that pass from one context to another are cleared in between.
 *
 * Addresses are the device's, aligned to 16 bytes at least; sizes are in bytes. What is asked of a
 * paused context, or of one without credit, is done all the same. Every function may be called from
 * any thread; one request is carried out at a time, by a task of the microkernel's own. All answer
 *   -EINVAL     a null pointer, or the context is not open
 *   -EBUSY      another thread's request is not over, or it was stopped while it asked
 *   -ETIMEDOUT  no team was free for op_ns_max, and what grosr_submit answers
 * and never wait for memory.
 *
 * Next: ../../host/memory.c, then ../../device/memory_op.h. */
#pragma once

#include <grosr/grosr.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- objects ---- */

/* `bytes` for the context; `align` is a power of two, or 0 for 16.
 *   -EINVAL     no bytes, or an alignment that is no power of two or more than all memory
 *   -ENOMEM     there is no such room (more than all memory among it)
 *   -EDQUOT     the context's quota
 *   -EAGAIN     teams move memory about and do not get on: try again
 *   -ECANCELED  the context was killed */
int grosr_memory_alloc(struct grosr *g, uint32_t context, uint64_t bytes, uint64_t align,
                       uint64_t *address);
/* What grosr_memory_alloc or an op of the context has allocated. Address 0: nothing is done. Of the
 * rest nothing is freed, and it is noted (grosr_memory_errors):
 *   -EFAULT  not from this context's arena as it is now, or, while debugging, written past its end:
 *            if the guard alone was written to, it has been freed
 *   -EINVAL  inside of an object;  -ESTALE  free already */
int grosr_memory_free(struct grosr *g, uint32_t context, uint64_t address);
/* What may be used of it: of a slot or pages more than was asked for; while debugging, that.
 *   -EFAULT  no object of the context's begins there */
int grosr_memory_size(struct grosr *g, uint32_t context, uint64_t address, uint64_t *bytes);

/* Copies `bytes` into or out of the object that begins at `address`, from `offset` on, in pieces of
 * 64 KiB; no bytes is no error. Whoever uses the object meanwhile sees some of both.
 *   -EFAULT  no object of the context's begins there;  -ERANGE  not all of it is inside. Then
 *            nothing was copied; unless another frees the object meanwhile */
int grosr_memory_write(struct grosr *g, uint32_t context, uint64_t address, uint64_t offset,
                       const void *from, uint64_t bytes);
int grosr_memory_read(struct grosr *g, uint32_t context, uint64_t address, uint64_t offset,
                      void *to, uint64_t bytes);
/* Where the host finds the object itself: on device cpu (and in the simulator). What an op wrote is
 * there once its completion was seen.
 *   -ENOTSUP  the device's memory is its own: copy (or share, with grosr_shared_take)
 *   -EFAULT   no object of the context's begins there */
int grosr_memory_map(struct grosr *g, uint32_t context, uint64_t address, void **host);

/* ---- arenas ---- */

/* At most so much, in whole pages of 4 KiB (the rest of one is left out), from now on; what is
 * above it stays. GROSR_FOREVER: no limit, which is how a context begins. */
int grosr_memory_quota(struct grosr *g, uint32_t context, uint64_t bytes);
/* Nothing that was allocated is valid any more: all of it may be had again. Takes the same time for
 * one object and a million: until each team that has slots of it at hand has looked.
 *   -EBUSY  tasks are queued or run on the device, in this context or another (which of them are
 *           of this context is not known): wait for them first. Nothing was done. The caller
 *           answers for no other thread submitting to the context meanwhile */
int grosr_memory_reset(struct grosr *g, uint32_t context);
/* Teams are to give back the slots that they have at hand, and freed objects leave quarantine.
 *   -ETIMEDOUT  a team is in the middle of an op; it will when that ends */
int grosr_memory_trim(struct grosr *g);

/* ---- counting ---- */

/* Read from the device's tables while it goes on: a moment's blur. Exact when no task runs, but
 * that slots at a team's hand count as live; so after grosr_memory_trim live is exact, too. */
struct grosr_memory_stats {
  uint64_t capacity_bytes;
  uint64_t page_bytes;
  uint64_t reserve_ns;    /* that reserving and laying out took when the device was opened */
  uint64_t free_pages;    /* of the device, as the next three */
  uint64_t largest_pages; /* the longest run of free ones */
  uint64_t stale_pages;   /* of arenas that were reset: given back by whoever needs pages */
  uint64_t errors;        /* grosr_memory_errors */
  uint64_t pressure;      /* times that somebody found nothing; one for each trim */
  uint64_t resets;        /* of all arenas */
  /* Of the context, or of all. */
  uint64_t pages;       /* in blocks and runs */
  uint64_t quota_pages; /* UINT64_MAX: none; of all: that */
  uint64_t blocks;
  uint64_t slots;      /* of the blocks */
  uint64_t live_slots; /* handed out, at a team's hand or in quarantine */
  uint64_t live_bytes; /* the same, as long as the slots are, and runs */
  uint64_t runs;
  uint64_t run_pages;
};
/* context: GROSR_AUTO for all. */
int grosr_memory_stats(struct grosr *g, uint32_t context, struct grosr_memory_stats *stats);

/* Objects that are live, by the op that allocated them. */
struct grosr_memory_live {
  uint32_t context;
  uint32_t op;      /* GROSR_AUTO: not known, without GROSR_MEMORY_TRACE; or the host's */
  const char *name; /* of the op; "the host", "an op" */
  uint64_t count;
  uint64_t bytes;   /* asked for; without memory_debug: as long as the slots and runs are */
  uint64_t overrun; /* of count: its guard was written to (GROSR_MEMORY_CANARY) */
};
/* Fills up to `most` of them, the most bytes first, and returns how many there are. context:
 * GROSR_AUTO for all. With memory_debug exact when no task runs; without, as grosr_memory_stats. */
int64_t grosr_memory_live(struct grosr *g, uint32_t context, struct grosr_memory_live *live,
                          size_t most);

/* ---- misuse ---- */

/* options.memory_debug, any of them; or GROSR_MEMORY_DEBUG=canary,poison,quarantine,trace or =all
 * in the environment. Any makes each object 32 bytes longer and gr_alloc and gr_free several times
 * slower, tells a second free, a free of what is no object, and a write past the end from one
 * another, and finds one trailer written over. None costs nothing. */
enum grosr_memory_debug {
  GROSR_MEMORY_CANARY = 1,     /* every byte behind an object is looked at when it is freed */
  GROSR_MEMORY_POISON = 2,     /* and before it is used again whether it was written to */
  GROSR_MEMORY_QUARANTINE = 4, /* what was freed (up to 16 KiB) is not used again for long */
  GROSR_MEMORY_TRACE = 8,      /* grosr_memory_live and leaks are told by op */
  GROSR_MEMORY_ALL = 15
};

enum grosr_memory_fault {
  GROSR_MEMORY_FOREIGN = 1,  /* freed: from nowhere, another context's, or from before a reset */
  GROSR_MEMORY_INTERIOR = 2, /* freed: inside of an object, or where none begins */
  GROSR_MEMORY_DOUBLE = 3,   /* freed: free already */
  GROSR_MEMORY_WRITTEN = 4,  /* written to after it was freed; found when it was used again */
  GROSR_MEMORY_OVERRUN = 5   /* written to past its end; found when it was freed */
};

/* Something that was done to memory and may not be. `op` is who found it: of the first three, and
 * of an overrun, who freed it. */
struct grosr_memory_error {
  enum grosr_memory_fault fault;
  uint32_t op;
  const char *name; /* of the op; "the host" */
  uint32_t context;
  uint32_t team;
  uint64_t address;
  char sentence[160];
};
/* Fills up to `most` of the first 32 and returns how many there were in all. */
int64_t grosr_memory_errors(struct grosr *g, struct grosr_memory_error *errors, size_t most);

#ifdef __cplusplus
}
#endif
