/* memory.h - the memory that ops allocate: pages, blocks, slots, and who writes each word.
 *
 * The device's memory is one range of *pages*, reserved and mapped before boot. A large object is a
 * *run* of pages; small ones are *slots* of a *block*, which is a few pages cut into slots of one
 * size class. 32 slots are a *group*: what moves between a block and a team's *magazine* at once.
 * A context's blocks and runs are its *arena*: nobody else allocates from them.
 *
 *   op --- gr_alloc ---> magazine (team.h): take, give; no other team sees it
 *                          |  ^ refill: a group of the block it holds; shed: or into free[]
 *                          v  |
 *                        block (page[first]: word, free[]) ---> held by a team, or on a stack of
 *                          |  ^                                 its arena, or with nothing free
 *                          v  |
 *                        pages (map[]: bit set: free)
 *
 * M1  A page's bit in map[0] is set, or its word's bit in map[3], or one team is just claiming or
 *     releasing it, or it is part of one run or block. A word that has its bit in map[3] is 0.
 * M2  A slot that was ever handed out is in one place: its bit of free[], one magazine, or with the
 *     op that has it. Slots from the bump on are virgin: in none yet.
 * M3  Bits in free[g] imply that groups has bit g, or that the team which made it not 0 is to set
 *     it, or that the team which cleared it is to take them.
 * M4  A block that is LISTED is on one stack of its arena once; who popped it makes it HELD. One
 *     that is HELD has a team that looks at it (held[]) or is to put it on a stack. One that is
 *     FULL is listed by who next sets a bit of groups: the change of `word` decides.
 * M5  A block is retired by who has taken all that it has, by one change of `word` to "no group,
 *     none virgin": if each of free[] then gives all its slots, nobody has any. Its generation
 *     moves on, so that nobody who still knows it as it was takes from what it becomes. One whose
 *     arena has been reset is retired as it is.
 * M6  Bits in map[0] word i imply that bit i of map[1] is set, or will be by the team that made the
 *     word not 0, or that the team which cleared it looks again. The same from map[1] to map[2],
 *     and from map[3] to map[4].
 * M7  Who takes pages or a block out of what others can find, and may have to put it back or will
 *     put it elsewhere, or makes a FULL block LISTED before its stack has it, says so before
 *     (moves: on their way + 1) and after (and moved + 1); so does who gives pages back (moved +
 *     1). So if somebody searched everything, found nothing, and `moves` is the same before and
 *     after, with nothing on its way, there was nothing to find.
 *
 * word           writer                              order: why
 * map[0], [3]    who claims, by CAS                  acqrel: what the last owner wrote; and who
 *                                                    sees it claimed sees that it is on its way
 *                who releases, or splits, by or      release
 * map[1], [2],   who made a word below 0 or not 0    acqrel: sees, or is seen by, the other (M6)
 *  [4]
 * page.tag       who has the pages                   relaxed: whoever frees a pointer was given it;
 *                                                    when a block is retired release: M7
 * page.word      any team, by CAS                    acqrel: what a group's taker and the retirer
 *                                                    do next must be behind what they saw
 * page.free[]    who flushes, by or                  release: the slots' contents
 *                who takes, by exchange              acquire: the same
 *                who retires, by exchange and store  release too: who walks a stack that the block
 *                                                    was on, and sees this, sees it on its way
 * page.next      who pushes                          release: the same
 * page.pages,    who has the pages                   relaxed: the same as tag; .pages of the first
 *                                                    release: M7
 *  .user, .reciprocal
 * arena.top[]    any team, by CAS                    push: release: next; pop: acqrel: next, and
 *                                                    who sees it gone sees that it is on its way
 * arena.tenants  who closes it, by addition          relaxed: nobody of the context runs
 * arena.use      any team, by CAS                    relaxed: a number; its generation moves on
 *                                                    when nobody of the context runs: release, and
 *                                                    acquire by who may find something stale by it,
 *                                                    and uses that again: what was in it
 * held[]         the team's lanes; to 0 also who     acquire/release: the block's tag
 *                needs pages; by CAS
 *                the team: heap.key                  set: relaxed; 0: release: who sees it sees
 *                                                    in free[] what it has given back
 * moves          any team, by addition               acqrel: M7
 * stale, pressure, users, errors, resets, waiters  any team  relaxed: numbers
 * a free slot's first two words: who freed it        relaxed: handed over with the slot
 *
 * Next: memory_op.h, then ../device/pages.h, slab.h, arena.h, hold.h, reclaim.h, magazine.h and
 * alloc.h. */
#pragma once

#include "port/port.h"
#include "shared/limits.h"

#define GR_PAGE_BYTES  (1u << GR_PAGE_SHIFT)
#define GR_MAP_WHOLE   3u /* map[3]: words of free pages; map[4] is above it */
#define GR_MAP_LEVELS  5u
#define GR_GROUP_SLOTS 32u
#define GR_GROUP_SHIFT 9u                                /* 32 slots of 16 bytes */
#define GR_GROUPS      (GR_PAGE_BYTES >> GR_GROUP_SHIFT) /* of a block, at most */
static_assert(GR_GROUPS <= 32u, "page.word has a bit for each");
static_assert(GR_PAGE_SHIFT >= 6u && GR_PAGE_SHIFT <= 18u, "page.tag has room for both");

/* What a page is. Bits: class 0-5, the page's number in its block GR_PAGE_SHIFT and 4 more (so that
 * with the low bits of an address it is an offset in the block), kind 22-23, context 24-31,
 * generation of the arena 32-63. A page of no kind is free, or inside a run. */
enum gr_page_kind { GR_PAGE_NONE = 0, GR_PAGE_BLOCK = 1, GR_PAGE_RUN = 2, GR_PAGE_KINDS = 3 };
#define GR_TAG(kind, owner, class_, offset)                                                        \
  ((uint64_t)(owner) << 24 | (uint64_t)(kind) << 22 | (uint64_t)(offset) << GR_PAGE_SHIFT |        \
   (uint64_t)(class_))
#define GR_TAG_KIND(tag)  ((uint32_t)((tag) >> 22) & 3u)
#define GR_TAG_OWNER(tag) ((tag) >> 24)
/* What the tags of all blocks, or runs, of an arena have in common. */
#define GR_KEY(owner, kind) ((uint64_t)(owner) << 2 | (uint64_t)(kind))
#define GR_KEY_OWNER(key)   ((key) >> 2)
#define GR_TAG_KEY(tag)     ((tag) >> 22)
#define GR_TAG_CLASS(tag)   ((uint32_t)(tag)&63u)
#define GR_TAG_OFFSET(tag)  ((uint32_t)(tag) & (GR_BLOCK_PAGES - 1u) << GR_PAGE_SHIFT) /* bytes */
/* Whose: an arena's generation and its context. */
#define GR_OWNER(generation, context) ((uint64_t)(generation) << 8 | (uint64_t)(context))
#define GR_OWNER_CONTEXT(owner)       ((uint32_t)(owner)&0xffu)
#define GR_OWNER_GENERATION(owner)    ((uint32_t)((owner) >> 8))

/* How a block stands. Bits: a bit per group with free slots 0-31, virgin from this group on 32-39,
 * state 40-47, generation 48-63. */
enum gr_block_state {
  GR_BLOCK_NONE = 0,
  GR_BLOCK_HELD = 1,
  GR_BLOCK_LISTED = 2,
  GR_BLOCK_FULL = 3,
  GR_BLOCK_STATES = 4
};
#define GR_BLOCK_WORD(generation, state, bump, groups)                                             \
  ((uint64_t)((generation)&0xffffu) << 48 | (uint64_t)(state) << 40 | (uint64_t)(bump) << 32 |     \
   (uint64_t)(groups))
#define GR_BLOCK_GROUPS(word)     ((uint32_t)(word))
#define GR_BLOCK_BUMP(word)       ((uint32_t)((word) >> 32) & 0xffu)
#define GR_BLOCK_STATE(word)      ((uint32_t)((word) >> 40) & 0xffu)
#define GR_BLOCK_GENERATION(word) ((uint32_t)((word) >> 48))

struct gr_page {
  gr_au64 tag;
  gr_au64 word;       /* of a block: in its first page's record */
  gr_au32 next;       /* of a block on a stack: first page + 1 of the one below, 0: none */
  gr_au32 pages;      /* of a run: its length, in the first page's record; of a block: GR_EXTENT,
                            * in each */
  gr_au32 user;       /* whose data may be in it: GR_USER; 0: nobody's but first_user's */
  gr_au32 reciprocal; /* of a block's class, in each of its pages: 2^32 / bytes, rounded up */
  gr_au32 free[GR_GROUPS]; /* of a block: bit per slot */
};

/* Of a block, which may be shorter than its class's are, if there is no room for such. */
#define GR_EXTENT(slots, pages) ((uint32_t)(slots) << 8 | (uint32_t)(pages))
#define GR_EXTENT_SLOTS(extent) ((extent) >> 8)
#define GR_EXTENT_PAGES(extent) ((extent)&0xffu)

/* What a block of a class has. */
struct gr_class {
  uint32_t bytes; /* of a slot */
  uint32_t reciprocal;
  uint32_t slots;
  uint32_t pages; /* of a block */
};

struct gr_arena {
  gr_au64 use;   /* GR_USE: its generation, which moves on when it is reset, so that nothing from
                  * before is valid then; and the pages that it has */
  gr_au64 quota; /* pages that it may have */
  gr_au32 quarantine_next; /* memory_op.h */
  gr_au32 tenants;         /* that had this context before the one that has it now */
  /* Stacks of blocks with something free: change count << 32 | first page + 1; 0: empty. */
  gr_au64 top[GR_CLASSES][GR_SHARDS] __attribute__((aligned(GR_LINE_BYTES)));
};

/* One tenant of a context. */
#define GR_USER(tenants, context) ((uint32_t)(tenants) << 8 | ((uint32_t)(context) + 1u))
#define GR_USE(generation, pages) ((uint64_t)(generation) << 32 | (uint64_t)(pages))
#define GR_USE_PAGES(use)         ((uint32_t)(use))
#define GR_USE_GENERATION(use)    ((uint32_t)((use) >> 32))

/* Something done to memory that may not be; kept for the host (grosr_memory_errors). */
enum gr_memory_error {
  GR_MEMORY_FINE = 0,
  GR_MEMORY_FOREIGN = 1,  /* freed: not from this context's arena as it is now */
  GR_MEMORY_INTERIOR = 2, /* freed: inside an object, or where none begins */
  GR_MEMORY_DOUBLE = 3,   /* freed: is free */
  GR_MEMORY_WRITTEN = 4,  /* written to after it was freed */
  GR_MEMORY_OVERRUN = 5,  /* written to past its end */
  GR_MEMORY_ERRORS = 6
};
/* gr_memory.debug; the same as enum grosr_memory_debug. */
#define GR_DEBUG_CANARY     1u
#define GR_DEBUG_POISON     2u
#define GR_DEBUG_QUARANTINE 4u
#define GR_DEBUG_TRACE      8u
#define GR_DEBUG_ALL        15u
struct gr_memory_report {
  gr_au64 offset; /* of the pointer, in the device's memory; outside of it: the pointer */
  gr_au64 what;   /* op << 32 | team << 16 | context << 8 | enum gr_memory_error; written last */
};

struct gr_memory {
  /* Written by the host before boot, read-only afterwards. */
  unsigned char *base; /* page 0; NULL: this device has no memory to allocate */
  uint64_t bytes;
  uint32_t pages;
  uint32_t words[GR_MAP_LEVELS]; /* of map[] */
  gr_au64 *map[GR_MAP_LEVELS];
  struct gr_page *page;
  struct gr_arena *arena; /* per context */
  gr_au64 *held;          /* per team and class: GR_HELD of the block that it takes from; then per
                           * team: its heap.key, for the host */
  uint64_t secret;        /* drawn at boot: what marks free slots */
  uint64_t free_bytes;    /* offsets below may be those of slots: `bytes`; 0 while debugging */
  uint32_t debug;         /* GR_DEBUG_*: memory_op.h */
  uint32_t first_user;    /* context whose data needs no note in page.user */
  gr_au64 *quarantine;    /* per context GR_QUARANTINE_SLOTS, or NULL: memory_op.h */
  struct gr_class class_[GR_CLASSES];
  uint32_t list_max[GR_CLASSES]; /* slots that a list has at most */
  /* Written by all. */
  gr_au64 moves __attribute__((aligned(GR_LINE_BYTES))); /* moved << 32 | on their way: M7 */
  gr_au32 stale;    /* pages that reset arenas had, and that nobody has given back yet */
  gr_au32 pressure; /* times that somebody found nothing */
  gr_au32 resets;   /* of all arenas */
  gr_au32 waiters;  /* not 0: a continuation waits for memory (alloc_wait.h) */
  gr_au64 users;    /* bit per context that ever had pages */
  gr_au32 errors;   /* reports made; the first GR_MEMORY_REPORTS are kept */
  struct gr_memory_report report[GR_MEMORY_REPORTS];
};
/* 0: none. */
#define GR_HELD(page, generation) (((uint64_t)(generation) << 32) | ((uint64_t)(page) + 1u))
#define GR_HELD_PAGE(held)        ((uint32_t)(held)-1u)
#define GR_HELD_GENERATION(held)  ((uint32_t)((held) >> 32))

#define GR_MOVES_ONE ((uint64_t)1 << 32)

/* ---- a team's part, in struct gr_team ---- */
/* Slots at hand: (group + 1) << 32 | bit per slot of it. A group's number is first page *
 * GR_GROUPS + group. What was freed: of lanes that share it, slots of another group; of a team of
 * one lane, a list: the address of the last one, whose first word is that of the one before. */
struct gr_magazine {
  gr_au64 take;
  gr_au64 give;
};
#define GR_SLOTS(group, mask) (((uint64_t)(group) + 1u) << 32 | (uint64_t)(mask))
#define GR_SLOTS_GROUP(slots) ((uint32_t)((slots) >> 32) - 1u)
#define GR_SLOTS_MASK(slots)  ((uint32_t)(slots))
/* The second word of a free slot. */
#define GR_SEAL(secret, address, first_word) (((secret) ^ (address)) + (first_word))

struct gr_heap {
  gr_au64 key;    /* whose slots are in the magazines: GR_KEY(owner, BLOCK); 0: they are empty */
  gr_au64 active; /* bit per class of which there is, or was, something in them or held */
  /* Relaxed; any lane, also several at once. */
  gr_au32 resets;   /* of all arenas, when `key` was set */
  gr_au32 pressure; /* the same */
  gr_au32 hint;     /* page to look from */
  gr_au32 why;      /* nothing was to be had: the last status */
  struct gr_magazine magazine[GR_CLASSES];
  uint32_t listed[GR_LISTS]; /* slots in a list; a word of its own, as the list's is waited for */
};
