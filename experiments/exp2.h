/* exp2.h - what the op of exp2 and its host share. Next: exp2_image.c */
#pragma once

#include <stdint.h>

#include "shared/relay.h"

/* Of one team, in shared memory: what its lanes are to ask for, and what came of it. */
struct exp2_job {
  uint64_t count;  /* calls of each lane */
  uint64_t window; /* of these, out at once; all lanes of a team together at most EXP2_WINDOW */
  uint64_t kind;   /* enum gr_call_kind */
  uint64_t handle;
  uint64_t bytes;   /* of a read */
  uint64_t span;    /* of the file: reads begin at multiples of `bytes` below it */
  uint64_t address; /* device address of the buffers, `bytes` for each call that is out */
  uint64_t begin_ns, end_ns;
  uint64_t wrong; /* calls whose answer, or what they read, is not right */
};

#define EXP2_WINDOW 256u

/* The word of 8 bytes that the file has at this offset. */
#define EXP2_WORD(offset) ((uint64_t)(offset)*0x9e3779b97f4a7c15ull + 1u)
