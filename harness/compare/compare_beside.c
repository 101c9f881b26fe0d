/* compare_beside.c - what a reader must know of two runs before he believes their verdicts: in what
 * they differ besides the binary, and how fit the machine was. No verdict changes by it: the
 * interval holds the noise, but not a machine that was another one in the second run.
 *
 * Called by cmd_compare.c. Next: compare_print.c */
#include <stdio.h>
#include <string.h>

#include "compare_print.h"

static const char *or_none(const char *text)
{
  return text[0] != '\0' ? text : "not given";
}

static void note(const char *what, const char *base, const char *fresh, const char *means)
{
  if (strcmp(base, fresh) != 0)
    printf("note: %s: %s in base, %s in new; %s\n", what, or_none(base), or_none(fresh), means);
}

static void note_side(const char *side, const struct hx_compare_run *run)
{
  if (run->grade[0] == 'C')
    printf("note: %s is of grade C, for smoke tests only (%s)\n", side, run->reason);
  if (run->is_bare)
    printf("note: %s has no raw blocks: nothing shows that its samples are those measured\n", side);
}

void hx_compare_beside(const struct hx_compare_run run[HX_COMPARE_WHICH_COUNT])
{
  const struct hx_compare_run *base = &run[HX_COMPARE_BASE], *fresh = &run[HX_COMPARE_NEW];
  note("build", base->build, fresh->build, "a difference may be the compiler's");
  note("tier", base->tier, fresh->tier, "they measured for unequal times");
  note("seed", base->seed, fresh->seed, "their inputs differ");
  note("grade", base->grade, fresh->grade,
       "the machine was not in one state, which no interval knows: `grosr duel` measures side by "
       "side");
  note_side("base", base);
  note_side("new", fresh);
}
