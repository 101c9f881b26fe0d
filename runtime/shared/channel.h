/* channel.h - a channel's memory, what says who may use it, and what the host asks of it.
 *
 * A channel has two sides, each with one word and a line of its own:
 *
 *   word = events << 48 | position << 16 | closed << 15 | index + 1 of the first wait node
 *
 *   side SEND:    position is the next to fill; parked here is who waits for a message
 *   side RECEIVE: position is the next to read; parked here is who waits for room
 *
 * Messages lie in slots of dev->channel_memory, slot = position & mask. A slot's tag says whose it
 * is, as in a run queue (two per lap; lap = position >> shift): the sender's that takes the
 * position, or the receiver's. Who writes what stands in device/channel.h and channel_wait.h.
 *
 * A capability is one word, so that who looks sees all of it or that it is gone. Its handle is
 * generation << 16 | index, and the host alone decides what it says (host/channel.c).
 *
 * Next: dev.h (which has the arrays), ../device/channel.h. */
#pragma once

#include "port/port.h"
#include "shared/limits.h"

enum gr_channel_side { GR_CHANNEL_SEND = 0, GR_CHANNEL_RECEIVE = 1 };

/* The order is that of the GROSR_CHANNEL_ rights (grosr/channel.h); bit `side` is that side's. */
#define GR_RIGHT_SEND    1u
#define GR_RIGHT_RECEIVE 2u
#define GR_RIGHT_CLOSE   4u
#define GR_RIGHT_GRANT   8u
#define GR_RIGHTS        15u

/* What is to be sent, or where to put what is received. */
struct gr_transfer {
  uint32_t capability;
  uint32_t bytes;      /* of the message, or of room for it */
  uint64_t address;    /* device address; to receive into the team's scratch, 0 */
  uint64_t timeout_ns; /* for a continuation; GR_NO_DEADLINE: for ever */
};

struct gr_channel_word {
  gr_au64 word __attribute__((aligned(GR_LINE_BYTES)));
};
struct gr_channel {
  struct gr_channel_word side[2];
  gr_au64 shape __attribute__((aligned(GR_LINE_BYTES))); /* GR_CHANNEL_SHAPE */
};

#define GR_CHANNEL_TOP(word)  ((uint32_t)(word)&0x7fffu)
#define GR_CHANNEL_POS(word)  ((uint32_t)((word) >> 16))
#define GR_CHANNEL_CLOSED     0x8000u /* of side SEND only */
#define GR_CHANNEL_EVENT      (1ull << 48)
#define GR_CHANNEL_POS_MASK   0x0000ffffffff0000ull
#define GR_CHANNEL_EVENT_MASK 0xffff000000000000ull
static_assert(GR_WAIT_SLOTS < 0x7fffu, "the first wait node's index + 1 fits");

/* Where the slots begin (in units of 64 bytes), the longest message, log2 of the slots, and bits of
 * the sides, 1 << side, that only one task at a time may use. */
#define GR_CHANNEL_SHAPE(first, bytes, shift, single)                                              \
  (((uint64_t)(first) << 32) | ((uint64_t)(bytes) << 16) | ((uint64_t)(shift) << 8) |              \
   (uint64_t)(single))
#define GR_CHANNEL_UNIT 64u

/* What stands before a message's bytes. */
struct gr_channel_slot {
  gr_au32 tag;
  uint32_t bytes; /* of this message: plain, handed over by the tag */
  uint64_t reserved;
};
static_assert(sizeof(struct gr_channel_slot) == 16, "the bytes behind it are aligned to 16");
#define GR_MESSAGE_STRIDE(bytes)                                                                   \
  (((uint32_t)(bytes) + 16u + GR_CHANNEL_UNIT - 1u) & ~(GR_CHANNEL_UNIT - 1u))

/* A capability's word; 0: there is none. */
#define GR_CAPABILITY(generation, channel, context, rights)                                        \
  (((uint64_t)(generation) << 32) | ((uint64_t)(channel) << 16) | ((uint64_t)(context) << 8) |     \
   (uint64_t)(rights))
#define GR_CAPABILITY_GENERATION(word) ((uint32_t)((word) >> 32))
#define GR_CAPABILITY_CHANNEL(word)    ((uint32_t)((word) >> 16) & 0xffffu)
#define GR_CAPABILITY_CONTEXT(word)    ((uint32_t)((word) >> 8) & 0xffu)
#define GR_CAPABILITY_RIGHTS(word)     ((uint32_t)(word)&0xffu)

/* Argument 0 of GR_OP_CHANNEL. */
enum gr_channel_change {
  GR_CHANNEL_OPEN = 0,   /* channel arg 1 with shape arg 2 */
  GR_CHANNEL_GIVE = 1,   /* capability arg 1 is arg 2 */
  GR_CHANNEL_REVOKE = 2, /* capability arg 1, of channel arg 2, is nothing */
  GR_CHANNEL_CLOSE = 3,  /* channel arg 1 */
  GR_CHANNEL_END = 4     /* is nobody inside channel arg 1? GR_OK or GR_E_BUSY */
};
