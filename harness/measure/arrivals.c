/* arrivals.c - see arrivals.h. One thread submits and looks, in turns: one submission that is due,
 * then a look at the oldest in flight. Next: interval.h */
#include "arrivals.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats.h"
#include "stats_random.h"

struct generator {
  const struct hx_arrivals *wish;
  uint64_t (*now_ns)(void);
  uint64_t *due_ns;  /* from begin_ns */
  uint64_t *late_ns; /* of operation i, once submitted */
  uint64_t *done_ns; /* from begin_ns, once seen done */
  uint64_t *flying;  /* [head, tail): submitted, not seen done, oldest first */
  uint64_t head, tail;
  uint64_t begin_ns;
  uint64_t end_ns;       /* of the last completion, from begin_ns */
  uint64_t moved_ns;     /* when something last went on */
  uint64_t submitted_ns; /* the last submission, from begin_ns */
  uint64_t full;
  uint64_t full_last; /* the last operation that found no room, + 1 */
};

void hx_arrivals_schedule(const struct hx_arrivals *arrivals, uint64_t seed, uint64_t *due_ns)
{
  struct hx_stats_random random;
  double at_ns = 0.0;
  hx_stats_random_init(&random, seed + arrivals->round);
  for (uint64_t i = 0; i < arrivals->count; i++) {
    due_ns[i] = (uint64_t)at_ns;
    if (arrivals->rate_s > 0.0)
      at_ns += 1e9 / arrivals->rate_s *
               (arrivals->poisson ? -log(1.0 - hx_stats_random_share(&random)) : 1.0);
  }
}

/* Submits operation `tail` if it is due. 1, 0 or negative. */
static int submit_due(struct generator *generator, uint64_t now_ns)
{
  const uint64_t i = generator->tail;
  if (i == generator->wish->count || generator->due_ns[i] > now_ns)
    return 0;
  const int result = generator->wish->submit(generator->wish->state, i);
  if (result == -EAGAIN) {
    generator->full += generator->full_last != i + 1;
    generator->full_last = i + 1;
    return 0;
  }
  if (result < 0)
    return result;
  generator->late_ns[i] = now_ns - generator->due_ns[i];
  generator->submitted_ns = now_ns;
  generator->flying[generator->tail++] = i;
  return 1;
}

/* Looks at the oldest in flight, at those behind one that is not done too: they may overtake. The
 * time is read after each that is done, so that none waits for the look at another. 1, 0, or
 * negative. */
static int look(struct generator *generator)
{
  uint64_t missed = 0;
  int moved = 0;
  for (uint64_t k = generator->head; k < generator->tail && missed < HX_ARRIVALS_LOOKS; k++) {
    const uint64_t i = generator->flying[k];
    const int result = generator->wish->done(generator->wish->state, i);
    if (result < 0)
      return result;
    if (result == 0) {
      missed++;
      continue;
    }
    generator->end_ns = generator->now_ns() - generator->begin_ns;
    generator->done_ns[i] = generator->end_ns;
    for (uint64_t back = k; back > generator->head; back--)
      generator->flying[back] = generator->flying[back - 1]; /* fewer than HX_ARRIVALS_LOOKS */
    generator->head++;
    moved = 1;
  }
  return moved;
}

static int run_schedule(struct generator *generator)
{
  generator->begin_ns = generator->now_ns();
  while (generator->head < generator->wish->count) {
    const uint64_t now_ns = generator->now_ns() - generator->begin_ns;
    const int sent = submit_due(generator, now_ns);
    const int seen = sent < 0 ? 0 : look(generator);
    const bool waits = generator->head == generator->tail &&
                       generator->tail < generator->wish->count &&
                       generator->due_ns[generator->tail] > now_ns;
    if (sent < 0 || seen < 0)
      return sent < 0 ? sent : seen;
    if (sent > 0 || seen > 0 || waits)
      generator->moved_ns = now_ns;
    else if (now_ns - generator->moved_ns > HX_ARRIVALS_STUCK_NS)
      return -ETIMEDOUT;
    if (hx_interrupted())
      return -EINTR;
  }
  return 0;
}

static void fill_report(struct generator *generator, double *sorted,
                        struct hx_arrivals_report *report)
{
  const uint64_t count = generator->wish->count;
  const double due_ns = (double)generator->due_ns[count - 1];
  const double kept_ns = due_ns / HX_ARRIVALS_KEPT + HX_ARRIVALS_LATE_NS;
  const bool is_paced = generator->wish->rate_s > 0.0;
  struct hx_stats stats;
  for (uint64_t i = 0; i < count; i++)
    sorted[i] = (double)generator->late_ns[i] / 1e3;
  hx_stats_compute(sorted, count, &stats);
  *report = (struct hx_arrivals_report){
      .offered_s = generator->wish->rate_s,
      .achieved_s = (double)count * 1e9 / fmax((double)generator->end_ns, 1.0),
      .late_us_p50 = stats.p50,
      .late_us_max = stats.max,
      .full = generator->full,
      .behind = is_paced && generator->full == 0 && (double)generator->submitted_ns > kept_ns};
}

static void give(struct hx_point *point, const struct generator *generator, double *latency_us,
                 const struct hx_arrivals_report *report)
{
  const struct hx_arrivals *wish = generator->wish;
  char key[96];
  for (uint64_t i = 0; i < wish->count; i++)
    latency_us[i] = (double)(generator->done_ns[i] - generator->due_ns[i]) / 1e3;
  if (!report->behind)
    hx_samples(point, wish->metric, latency_us, wish->count);
  snprintf(key, sizeof(key), "%s.load", wish->metric);
  hx_note(point, key,
          "%s: offered %.6g/s, achieved %.6g/s; submitted late by p50 %.3f us, max "
          "%.3f us; %llu of %llu found no room%s",
          wish->poisson ? "poisson" : "constant", report->offered_s, report->achieved_s,
          report->late_us_p50, report->late_us_max, (unsigned long long)report->full,
          (unsigned long long)wish->count,
          report->behind ? "; left out: the generator itself fell behind" : "");
}

int hx_arrivals_run(struct hx_point *point, const struct hx_arrivals *arrivals,
                    struct hx_arrivals_report *report)
{
  const size_t count = arrivals->count;
  struct generator generator = {.wish = arrivals,
                                .now_ns = arrivals->now_ns != NULL ? arrivals->now_ns : hx_now_ns};
  if (count == 0 || count > HX_ARRIVALS_MAX || !(arrivals->rate_s >= 0.0))
    return hx_fail(point, "bug in the experiment: %zu arrivals at %g a second", count,
                   arrivals->rate_s);
  uint64_t *word = calloc(4 * count, sizeof(*word));
  double *sorted = calloc(count, sizeof(*sorted));
  int result = word == NULL || sorted == NULL ? -ENOMEM : 0;
  if (result == 0) {
    memset(word, 1, 4 * count * sizeof(*word)); /* touched before anything is timed */
    generator.due_ns = word;
    generator.late_ns = word + count;
    generator.done_ns = word + 2 * count;
    generator.flying = word + 3 * count;
    hx_arrivals_schedule(arrivals, hx_seed(point), generator.due_ns);
    result = run_schedule(&generator);
  }
  if (result == 0) {
    fill_report(&generator, sorted, report);
    if (arrivals->metric != NULL)
      give(point, &generator, sorted, report);
  }
  free(word);
  free(sorted);
  return result;
}
