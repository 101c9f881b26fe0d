/* task.h - a task, and the 64-byte line in which it travels.
 *
 * A task is 48 bytes of meaning: four 64-bit arguments and four 32-bit words of head. On every ring
 * and mailbox it travels as a line of four 16-byte chunks, each with one argument, one word of
 * head, and a tag:
 *
 *   chunk 0                     chunk 1               chunk 2               chunk 3
 *   [arg 0 | op ctx flags|tag]  [arg 1 | done | tag]  [arg 2 | gen. | tag]  [arg 3 | tiles | tag]
 *
 * A chunk is the widest thing that both a GPU (ld/st .b128) and this protocol can write in one
 * piece, so payload and tag cannot come apart: who reads four chunks with the expected tag has
 * the whole task, with one read that both polls and fetches, and no second trip for a sequence
 * word. Chunks of one line may arrive in any order.
 *
 * Writers: a line has one writer at a time; each ring says who. Tag values: each ring says which.
 *
 * Next: boundary.h (where lines travel between host and device). */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "shared/limits.h"
#include "shared/status.h"

/* What is signalled when a task is done (bits 0-1 of flags). */
enum gr_done {
  GR_DONE_NONE = 0,  /* nobody waits: counted only */
  GR_DONE_HOST = 1,  /* completion slot `done`, generation `generation`, in host memory */
  GR_DONE_JOIN = 2,  /* join `done` on the device: one child less */
  GR_DONE_GRAPH = 3, /* node `done` of a graph on the device */
  GR_DONE_COUNT = 4
};
#define GR_FLAG_DONE_MASK 0x3u
/* From the host, counted against its context's credit (context.h, T1) until it begins. */
#define GR_FLAG_CREDIT 0x80u
/* One of the parts of a tiled task (device/tiles.h): `done` is its record, its kind is NONE. */
#define GR_FLAG_PART 0x4u
/* From the host: wait for event `tiles` (its handle) until its value is argument 3. */
#define GR_FLAG_AFTER 0x8u

/* It was parked at a channel, by wait node `tiles` - 1, and is to look at it (channel_wait.h). */
#define GR_FLAG_CHANNEL 0x10u

struct gr_task {
  uint64_t arg[GR_ARG_WORDS];
  union {
    struct {
      uint16_t op;         /* index into the image's ops */
      uint8_t context;     /* tenant that pays for it */
      uint8_t flags;       /* GR_FLAG_* */
      uint32_t done;       /* whom to tell, by kind */
      uint32_t generation; /* of the completion slot: tells one use of a slot from the next */
      uint32_t tiles;      /* 0 or 1: an ordinary task; else it is worked on by many teams */
    };
    uint32_t head[4]; /* as it travels: head[i] with arg[i] */
  };
};
static_assert(sizeof(struct gr_task) == 48, "4 chunks of 12 bytes");
/* head[0], made at once: of a word that was written in parts, a CPU forwards no store to a load. */
#define GR_TASK_HEAD(op, context, flags)                                                           \
  ((uint32_t)(op) | ((uint32_t)(context) << 16) | ((uint32_t)(flags) << 24))

struct gr_chunk {
  union {
    struct {
      uint64_t arg;
      uint32_t head;
      uint32_t tag;
    };
    uint64_t half[2];
  };
} __attribute__((aligned(16)));

struct gr_line {
  struct gr_chunk chunk[4];
} __attribute__((aligned(64)));
static_assert(sizeof(struct gr_line) == 64, "one cache line on x86-64, half an L2 line on NVIDIA");

/* A host-visible completion: generation in the high word, the op's int32_t result in the low one,
 * so that one 64-bit store says both. */
#define GR_COMPLETION_GENERATION(word) ((uint32_t)((word) >> 32))
#define GR_COMPLETION_RESULT(word)     ((int32_t)(uint32_t)(word))
#define GR_COMPLETION_WORD(generation, result)                                                     \
  (((uint64_t)(generation) << 32) | (uint64_t)(uint32_t)(result))

/* Ops at and above GR_OP_INTERNAL: messages between the microkernel's own parts. */
enum gr_message {
  GR_MSG_WAKE = 0xff00,    /* mailbox: look at the queues again */
  GR_MSG_EXIT = 0xff01,    /* mailbox: the microkernel ends, leave */
  GR_CTL_STOP = 0xff10,    /* control: finish what runs, then leave */
  GR_CTL_CANCEL = 0xff11,  /* control: arg[0] completion slot, arg[1] generation */
  GR_CTL_CONTEXT = 0xff12, /* control: a context's settings (context.h) */
  GR_CTL_RELAY = 0xff15,   /* control: arg[0] the contexts that may make calls (relay.h) */
  GR_CTL_TRACE = 0xff14,   /* control: arg[0] 1: teams note what they do; 0: no more */
  GR_CTL_POLICY = 0xff13   /* control: arg[0] is an enum gr_policy */
};

/* The microkernel's own ops, which travel as tasks; arguments in device/graph.h. LAUNCH and GRAPH
 * are those that an op may submit, too. */
enum gr_internal_op {
  GR_OP_LAUNCHED = 0xff1e, /* the kernel that this task has launched has ended: result arg[0] */
  GR_OP_LAUNCH = 0xff1f,   /* launches a kernel; arguments in device/launch.h */
  GR_OP_GRAPH = 0xff20,    /* runs an instance of a graph */
  GR_OP_NODES = 0xff21,    /* loads pieces of one */
  GR_OP_EDGES = 0xff22,
  GR_OP_INSTANCE = 0xff23,
  GR_OP_SKIP = 0xff24,    /* a node of a run that has failed: ends as cancelled */
  GR_OP_NOTHING = 0xff25, /* an end node without a predicate: never travels */
  GR_OP_EVENT = 0xff26,   /* opens or closes one; arguments in device/event.h */
  GR_OP_SIGNAL = 0xff27,  /* the host's signal: event arg[0] by arg[1] */
  GR_OP_CLOCK = 0xff28,   /* its time into boundary.ticks */
  GR_OP_CHANNEL = 0xff29, /* arguments in shared/channel.h */
  GR_OP_SEND = 0xff2a,    /* the host's: capability arg 0, arg 2 bytes at arg 1, within arg 3 ns */
  GR_OP_RECEIVE = 0xff2b, /* the same */
  GR_OP_WOKEN = 0xff2c,   /* what a continuation waited for (device/alloc_wait.h): ends as GR_OK */
  GR_OP_MEMORY = 0xff2d,  /* a request at arg 0: shared/memory_op.h */
  GR_OP_CALLED = 0xff2e   /* the mediator's answer to a call that is continued: shared/relay.h */
};
