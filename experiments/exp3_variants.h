/* exp3_variants.h - the variants of exp3's two binaries: exp3_variants.c, for cpu and cuda, and
 * exp3_variants_sim.c. Next: exp3_variants.c */
#pragma once

#include "exp3_measure.h"

extern const struct hx_variant exp3_variants[];

/* exp3_other.c, if the build has an adapter. */
extern const int exp3_other_is_on_cpu;

/* First in main(). */
void exp3_variants_begin(char **argv);

#define EXP3_RATE      "load,size,teams"
#define EXP3_PROGRAM   "program,teams"
#define EXP3_RUN       "run_bytes,touch"
#define EXP3_LANES     "active,size,teams"
#define EXP3_PAIRS_BY  "class_bytes,teams"
#define EXP3_RUN_BY    "run_bytes,touch"
#define EXP3_FILL      "size,teams"
#define EXP3_SPREAD    "size,rounds"
#define EXP3_ADVERSARY "size,stretch"
