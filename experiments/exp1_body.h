/* exp1_body.h - the one tiny kernel that every variant of exp1 runs: out = a * b + c.
 *
 * Macros, so that the same text is compiled by the C compiler (CPU baselines), by nvcc (images)
 * and, as a string, by OpenCL. The timed body reads the clock as its first instruction: its start
 * is what "submit -> first instruction" measures. The plain body has no clock in it, so that a
 * round trip holds one clock read only, the submitter's own.
 *
 * Next: exp1.h (who calls it, and with what). */
#pragma once

/* out[0] = result. */
#define EXP1_BODY(out, a, b, c) (out)[0] = (a) * (b) + (c)

/* out[0] = result, out[1] = clock() at the start. */
#define EXP1_BODY_TIMED(out, a, b, c, clock)                                                       \
  do {                                                                                             \
    const uint64_t exp1_start_ns = clock();                                                        \
    EXP1_BODY(out, a, b, c);                                                                       \
    (out)[1] = exp1_start_ns;                                                                      \
  } while (0)

/* Inputs of task i: any values will do that differ from task to task. `salt`, the c of all tasks of
 * one repetition, differs from repetition to repetition, so that an old result is never right. */
#define EXP1_A(i) ((i)*2654435761u + 12345u)
#define EXP1_B(i) ((i) ^ 0x9e3779b97f4a7c15u)
