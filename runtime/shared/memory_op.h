/* memory_op.h - what the host asks of the device's memory, and what an object looks like while
 * memory is debugged.
 *
 * The host's requests are tasks of the microkernel's own, GR_OP_MEMORY: argument 0 is the device's
 * address of a struct gr_memory_request in shared memory, behind which lies what is copied. They
 * are of context 0, whatever context they are about, so that one which is paused or has no credit
 * holds up nobody.
 *
 * With options.memory_debug every object is as long as its slot or run:
 *
 *   | bytes asked for | guard, 16 bytes or more | what | seal |
 *                                               \__ struct gr_trailer
 *
 * A seal is a secret, where the object is, of which use of its block it is, and whether it is live
 * or free; so a pointer to something else, or a trailer that was written over, has none. Who
 * changes it from live to free, by compare-and-swap, is who frees.
 *
 * word                    writer                         order: why
 * request.*               the host, then who carries     handed over by the task and its
 *                         it out                         completion
 * trailer.what            who allocates                  relaxed: handed over with the pointer
 * trailer.seal            who allocates; who frees,      relaxed: the same; acqrel: what others
 *                         by CAS                         wrote before they were told of the free
 * quarantine[]            who frees, by CAS              acqrel: the object, to who really frees
 * arena.quarantine_next   who frees, by addition         relaxed: a number
 *
 * Next: ../device/memory_op.h, ../device/alloc_debug.h, ../host/memory.c. */
#pragma once

#include "shared/memory.h"

/* What is asked. */
enum gr_memory_wish {
  GR_WISH_ALLOC = 0, /* bytes, align: address */
  GR_WISH_FREE = 1,  /* address */
  GR_WISH_SIZE = 2,  /* address: bytes */
  GR_WISH_READ = 3,  /* address, offset, bytes: from the object to behind the request */
  GR_WISH_WRITE = 4, /* the other way */
  GR_WISH_QUOTA = 5, /* bytes: pages */
  GR_WISH_RESET = 6,
  GR_WISH_CLOSE = 7, /* the context ends: reset, no quota, and another tenant from now on */
  GR_WISH_TRIM = 8,  /* teams are to give back what they have at hand */
  GR_WISH_COUNT = 9
};

struct gr_memory_request {
  uint32_t wish; /* enum gr_memory_wish */
  uint32_t context;
  uint64_t address;
  uint64_t bytes;
  uint64_t align;
  uint64_t offset;
  uint64_t reserved[3];
};
static_assert(sizeof(struct gr_memory_request) == 64, "what is copied lies behind it, aligned");
/* Copied by one request. */
#define GR_MEMORY_PIECE_BYTES (GR_STAGE_BYTES - (uint32_t)sizeof(struct gr_memory_request))

/* ---- debugging ---- */
struct gr_trailer {
  gr_au64 what; /* GR_TRAILER_WHAT */
  gr_au64 seal; /* GR_TRAILER_SEAL */
};
#define GR_TRAILER_BYTES 16u
#define GR_GUARD_BYTES   16u /* of an object's guard, at least */
#define GR_GUARD         0xc5u
#define GR_POISON        0xdbu
#define GR_WORD_OF(byte) ((uint64_t)(byte)*0x0101010101010101ull)

#define GR_TRAILER_WHAT(bytes, op) ((uint64_t)(op) << 48 | (uint64_t)(bytes))
#define GR_TRAILER_BYTES_OF(what)  ((what)&0xffffffffffffull)
#define GR_TRAILER_OP_OF(what)     ((uint32_t)((what) >> 48))
enum gr_trailer_state { GR_TRAILER_LIVE = 1, GR_TRAILER_FREE = 2 };
/* `place`: GR_PLACE of its block, so that of a later block nothing looks like an object. */
#define GR_PLACE(first_page, generation)                                                           \
  ((uint64_t)(first_page) << 16 | (uint64_t)((generation)&0xffffu))
#define GR_TRAILER_SEAL(secret, offset, place, what, state)                                        \
  ((((secret) ^ (offset)) + (place)*0x9e3779b97f4a7c15ull + (what)) * 0xbf58476d1ce4e5b9ull +      \
   (uint64_t)(state))

/* Freed, and not yet for anybody: generation of the arena << 48 | offset | 1; 0: none. */
#define GR_QUARANTINE(generation, offset)                                                          \
  ((uint64_t)((generation)&0xffffu) << 48 | (uint64_t)(offset) | 1u)
#define GR_QUARANTINE_GENERATION(word) ((uint32_t)((word) >> 48))
#define GR_QUARANTINE_OFFSET(word)     ((word)&0xfffffffffff0ull)
static_assert(GR_MEMORY_BYTES_MAX <= (uint64_t)1 << 48, "an offset fits");
