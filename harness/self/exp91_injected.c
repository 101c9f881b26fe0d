/* exp91_injected.c - a known slow-down, to see whether it is found: E02 of the harness itself.
 *
 * The work is a chain of multiplications of known length, whose result is known as well, so that
 * neither the compiler nor a mistake can shorten it. Variant `injected` makes the chain longer by
 * the environment variable GROSR_INJECT_PERCENT (unset: by nothing); `steady` never looks at it. Of
 * the other experiments only exp1 knows the variable. It is not a factor, because both sides of a
 * comparison must be the same point.
 *
 * Built into harness/self/, not experiments/, so that `grosr run all` does not run it; `grosr
 * calibrate` and `grosr duel` take its path. Next: exp92_overhead.c */
#include <stdlib.h>

#include "self_chain.h"
#include "harness/hx.h"

#define PERCENT_MAX 1000.0
#define WARM_STEPS  5000000u /* 4 ms */

static int measure(struct hx_point *point, double percent)
{
  const uint64_t steps = hx_factor_u64(point, "steps");
  const uint64_t whole = steps + (uint64_t)((double)steps * percent / 100.0 + 0.5);
  const uint64_t wanted = self_chain_end(1u, whole);
  hx_note(point, "injected_percent", "%g", percent);
  hx_note(point, "steps_done", "%llu", (unsigned long long)whole);
  hx_pin(point, 0);
  self_chain(1u, WARM_STEPS); /* the clock of the core rises to where it stays */
  while (hx_more(point, "chain_us")) {
    const uint64_t start_ns = hx_now_ns();
    const uint64_t got = self_chain(1u, whole);
    const uint64_t end_ns = hx_now_ns();
    if (got != wanted)
      return hx_fail(point, "the chain ends in %llu, not %llu", (unsigned long long)got,
                     (unsigned long long)wanted);
    hx_sample(point, "chain_us", (double)(end_ns - start_ns) / 1e3);
  }
  return 0;
}

static int run_injected(struct hx_point *point)
{
  const char *text = getenv("GROSR_INJECT_PERCENT");
  char *end = NULL;
  const double percent = text != NULL ? strtod(text, &end) : 0.0;
  if (text != NULL && (end == text || *end != '\0' || !(percent >= 0.0 && percent <= PERCENT_MAX)))
    return hx_fail(point, "GROSR_INJECT_PERCENT=%s is no number from 0 to 1000; unset it", text);
  return measure(point, percent);
}

static int run_steady(struct hx_point *point)
{
  return measure(point, 0.0);
}

int main(int argc, char **argv)
{
  static const struct hx_metric metrics[] = {{"chain_us", "us"}, {0}};
  static const struct hx_factor factors[] = {{"steps", "5e4", "5e4,5e5", NULL}, {0}};
  static const struct hx_variant variants[] = {{"injected", "cpu", NULL, run_injected, NULL},
                                               {"steady", "cpu", NULL, run_steady, NULL},
                                               {0}};
  static const struct hx_experiment experiment = {
      .name = "exp91_injected",
      .title = "a known slow-down, to see whether a comparison finds it",
      .metrics = metrics,
      .factors = factors,
      .variants = variants};
  return hx_main(argc, argv, &experiment);
}
