/* exp1_chain.h - how host and ops of exp1 share a word: what the device-side chains are told.
 *
 * Ops never read the results' memory, which lies behind PCIe on a GPU: all that a link of a chain
 * has to know travels in its four arguments, and it only writes.
 *
 *   argument  hop, back                      spawn                       strip
 *   0         address of the record          the same                    the same
 *   1         link number, links in all      first task, tasks in all    first task, count
 *   2         salt                           salt                        salt
 *   3         clock at the parent's submit   tasks in flight,            0, work of a task
 *                                            work of a task, ns
 * Pairs are 32 bits each. Op split: record; first leaf, end; salt; fan, 1 for the root.
 *
 * Next: exp1_image.c */
#pragma once

#include <stdint.h>

#define EXP1_STRIP         64u   /* bodies that one op forks */
#define EXP1_SCRATCH_BYTES 4096u /* room for as many tasks, of 48 bytes */

/* The record: words, all 64 bits, each written once by one op. */
#define EXP1_RECORD_BEGIN  0u  /* spawn, split: device clock when the first op started */
#define EXP1_RECORD_END    1u  /* ... and when all tasks were seen done */
#define EXP1_RECORD_SIGNAL 2u  /* hop: links done, for grosr_wait_signal */
#define EXP1_RECORD_ALONE  3u  /* split: leaves done by an op that found no room to fork */
#define EXP1_RECORD_OUT    16u /* then two words per link (ns, result), or one per task (result) */

#define EXP1_PACK(low, high) ((uint64_t)(low) | ((uint64_t)(high) << 32))
#define EXP1_LOW(word)       ((uint64_t)(uint32_t)(word))
#define EXP1_HIGH(word)      ((uint64_t)(word) >> 32)
