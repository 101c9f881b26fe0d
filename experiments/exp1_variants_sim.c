/* exp1_variants_sim.c - the variants of exp1 on device sim: only GROSR's own, a baseline is of a
 * machine. Next: exp1.h */
#include "exp1.h"

const struct hx_variant exp1_variants[] = {
    EXP1_GROSR_VARIANTS,
    {"grosr_fork_join", "any", NULL, exp1_run_grosr_fork_join, EXP1_FORK},
    {0}};
