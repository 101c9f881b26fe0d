/* shrink.c - a failed run with as few decisions as possible.
 *
 * Delta debugging (Zeller and Hildebrandt 2002) on the notes of schedule.c: leave out a part, run
 * again, keep what still fails in the same way. What is left are the switches, old values and
 * faults that the failure needs.
 *
 * Next: main.c. */
#include "sim/shrink.h"

#include <stdlib.h>
#include <string.h>

#include "sim/seconds.h"

/* The same sentence, but for its numbers. */
static bool is_same(const char *a, const char *b)
{
  const size_t bytes = strcspn(a, "0123456789");
  return strncmp(a, b, bytes) == 0;
}

static bool fails(const struct gr_shrink *shrink, const struct gr_sim_decision *decision,
                  size_t count)
{
  struct gr_sim_config config = shrink->config;
  struct gr_sim_outcome outcome;
  config.scheduler = GR_SIM_REPLAY;
  config.decision = decision;
  config.decisions = count;
  gr_sim_run(&config, shrink->scenario->main, NULL, &outcome);
  return outcome.failed && is_same(shrink->what, outcome.what);
}

bool gr_shrink_run(struct gr_shrink *shrink, double seconds_max)
{
  const double until = gr_seconds() + seconds_max;
  size_t count;
  const struct gr_sim_decision *noted = gr_sim_decisions(&count);
  shrink->decision = malloc((count + 1u) * sizeof *noted);
  struct gr_sim_decision *trial = malloc((count + 1u) * sizeof *noted);
  if (shrink->decision == NULL || trial == NULL) {
    free(trial);
    return false;
  }
  memcpy(shrink->decision, noted, count * sizeof *noted);
  shrink->decisions = shrink->noted = count;
  if (!fails(shrink, shrink->decision, count)) {
    free(trial);
    return false;
  }
  for (size_t piece = (count + 1u) / 2u; piece > 0; piece /= 2u) {
    for (size_t at = 0; at < shrink->decisions && gr_seconds() < until;) {
      const size_t left_out = at + piece < shrink->decisions ? piece : shrink->decisions - at;
      const size_t rest = shrink->decisions - at - left_out;
      memcpy(trial, shrink->decision, at * sizeof *trial);
      memcpy(trial + at, shrink->decision + at + left_out, rest * sizeof *trial);
      shrink->runs++;
      if (fails(shrink, trial, at + rest)) {
        memcpy(shrink->decision, trial, (at + rest) * sizeof *trial);
        shrink->decisions = at + rest;
      } else {
        at += piece;
      }
    }
  }
  free(trial);
  return fails(shrink, shrink->decision, shrink->decisions); /* the report is of this run */
}
