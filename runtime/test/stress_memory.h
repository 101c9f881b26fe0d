/* stress_memory.h - what stress_memory's ops and its host side share: the shadow of the memory, the
 * cells through which objects change hands, and what was found.
 *
 * A plain struct in the program's memory, which the ops of the cpu can reach: outside the arena, so
 * that nothing that goes wrong there hides itself. Next: stress_memory_look.h. */
#pragma once

#include <grosr/device.h>

#define STRESS_CONTEXTS 6u
#define STRESS_CELLS    16384u /* of a context, at most */
#define STRESS_UNIT     16u    /* bytes per bit of the shadow: what everything is aligned to */
#define STRESS_LOCAL    48u    /* objects that an op has in its hands */
#define STRESS_OLD      64u    /* pointers kept from before a reset */

/* Words that every full word of an object is filled with: whose they are, and which object's. */
#define STRESS_MAGIC              0x5a17e57edaull
#define STRESS_FILL(context, tag) (STRESS_MAGIC << 24 | (uint64_t)(context) << 16 | (tag))

/* An object, in one word: unit it begins with, bytes asked for, tag (not 0). */
#define STRESS_OBJECT(unit, bytes, tag) ((uint64_t)(unit) << 40 | (uint64_t)(bytes) << 14 | (tag))
#define STRESS_OBJECT_UNIT(object)      ((object) >> 40)
#define STRESS_OBJECT_BYTES(object)     ((object) >> 14 & ((1u << 26) - 1u))
#define STRESS_OBJECT_TAG(object)       ((object) & ((1u << 14) - 1u))
#define STRESS_MEMORY_MAX               (64ull << 20) /* the bytes have 26 bits */

/* What an op is to do. */
enum stress_phase {
  STRESS_MIX = 0,     /* allocate and free by turns */
  STRESS_FILL_UP = 1, /* until there is no more */
  STRESS_EMPTY = 2,   /* free what is in the cells */
  STRESS_RUNS = 3,    /* free some, then long runs and aligned ones */
  STRESS_PHASES = 4
};
/* Which sizes. */
enum stress_sizes {
  STRESS_SIZES_MIXED = 0,
  STRESS_SIZES_SMALL = 1,
  STRESS_SIZES_CLASSES = 2, /* all classes alike */
  STRESS_SIZES_PAGES = 3,
  STRESS_SIZES_ONE = 4, /* everybody wants the same */
  STRESS_SIZES_KINDS = 5
};

enum stress_wrong {
  STRESS_TWICE = 0,    /* handed out while somebody has it */
  STRESS_UNMARKED = 1, /* freed, and the shadow does not know it */
  STRESS_CONTENT = 2,  /* not what was written there */
  STRESS_FOREIGN = 3,  /* what another context wrote */
  STRESS_NOT_ZERO = 4, /* from gr_calloc */
  STRESS_ALIGN = 5,    /* or outside of the memory, or shorter than asked for */
  STRESS_STATUS = 6,   /* another answer than the one it has to be */
  STRESS_QUOTA = 7,    /* more pages than its context may have */
  STRESS_WRONGS = 8
};

enum stress_count {
  STRESS_ALLOCS = 0,
  STRESS_FREES = 1,
  STRESS_REALLOCS = 2,
  STRESS_NOMEM = 3,
  STRESS_DQUOT = 4,
  STRESS_AGAIN = 5,
  STRESS_BAD_FREES = 6, /* on purpose: so many reports there must be */
  STRESS_COUNTS = 7
};

struct stress_cells {
  uint64_t quota; /* pages; UINT64_MAX: none */
  gr_au64 cell[STRESS_CELLS];
  uint64_t old[STRESS_OLD]; /* objects from before a reset; by the op that resets, then host */
};

struct stress {
  gr_au64 *shadow;
  uint32_t cells; /* in use, of each context */
  uint32_t is_thorough;
  struct stress_cells *context[GR_CONTEXTS_MAX];
  gr_au64 count[STRESS_COUNTS] __attribute__((aligned(GR_LINE_BYTES)));
  gr_au64 wrong[STRESS_WRONGS] __attribute__((aligned(GR_LINE_BYTES)));
  gr_au64 first; /* 1: somebody has written the following, which says more of the first wrong */
  gr_au64 object;
  gr_au64 is;
  gr_au64 wanted;
};
