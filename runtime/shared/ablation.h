/* ablation.h - parts of the scheduler that can be left out when an image is compiled, to see what
 * each is worth (experiments/exp8_ablation.c). All are on unless the compiler is told otherwise, as
 * in -DGR_WITH_MAILBOX=0; they are constants in plain conditions, so a part that is on costs what
 * it costs, and its switch nothing. Every combination is correct, and only slower.
 *
 * Next: limits.h. */
#pragma once

/* A task is pushed to an idle team. Off: it goes through its context's queue, and the team is only
 * told to look there. */
#ifndef GR_WITH_MAILBOX
#define GR_WITH_MAILBOX 1
#endif

/* Idle teams are found by a bit each. Off: by looking at every team's record; the bit only decides
 * who of several claimers has it. */
#ifndef GR_WITH_IDLE_BITMAP
#define GR_WITH_IDLE_BITMAP 1
#endif

/* Several tasks by one read of the ingress ring, and one word to the host for many. Off: one. */
#ifndef GR_WITH_BATCHES
#define GR_WITH_BATCHES 1
#endif

/* A part of a tiled task claims many tiles by one addition. Off: one. */
#ifndef GR_WITH_TILE_BATCH
#define GR_WITH_TILE_BATCH 1
#endif

/* Slots lie ready at each team's hand. Off: each is taken from its block, and goes back there. */
#ifndef GR_WITH_MEMORY_MAGAZINES
#define GR_WITH_MEMORY_MAGAZINES 1
#endif

/* Lanes of a warp that ask together are served by one of them. Off: each for itself. A team of one
 * lane has nothing to put together. */
#ifndef GR_WITH_MEMORY_AGGREGATION
#define GR_WITH_MEMORY_AGGREGATION 1
#endif

/* A block's slots that were never used are counted off. Off: it begins with all bits set. */
#ifndef GR_WITH_MEMORY_BUMP
#define GR_WITH_MEMORY_BUMP 1
#endif

/* A free slot is marked, which finds its second free at once. Off: when it comes back to its block.
 */
#ifndef GR_WITH_MEMORY_TAGS
#define GR_WITH_MEMORY_TAGS 1
#endif
