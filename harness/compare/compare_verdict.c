/* compare_verdict.c - see compare_verdict.h. Next: compare_print.h */
#include "compare_verdict.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *hx_compare_name(enum hx_compare_verdict verdict)
{
  static const char *const names[HX_COMPARE_COUNT] = {"SAME", "FASTER", "SLOWER", "AMBIGUOUS",
                                                      "INVALID"};
  return names[verdict];
}

int hx_compare_direction(const char *unit)
{
  static const char less[] = "ps,ns,us,ms,s,min,h,cycles,clocks,instructions,bytes,B,KiB,MiB,GiB,"
                             "J,mJ,W,faults,misses,retries";
  const size_t bytes = strlen(unit);
  if ((bytes > 2 && strcmp(unit + bytes - 2, "/s") == 0) || hx_text_lists("Hz,kHz,MHz,GHz", unit))
    return 1;
  return hx_text_lists(less, unit) ? -1 : 0;
}

/* What the measures come to, as slowness: up is slower. */
struct view {
  double shift, lo, hi; /* logarithms */
  double limit;         /* the threshold, as a logarithm */
  double floor;         /* the calibrated noise of this many processes */
  bool open;            /* the MDE is above the threshold */
};

static struct view view_of(const struct hx_compare_item *item, const struct hx_compare_how *how)
{
  const struct hx_compare_found *found = &item->found;
  const struct hx_compare_noise *noise = &item->noise;
  struct view view = {
      log(found->ratio), log(found->lo), log(found->hi), log1p(how->threshold), 0.0, false};
  if (hx_compare_direction(item->unit) > 0)
    view = (struct view){-view.shift, -view.hi, -view.lo, view.limit, 0.0, false};
  view.open = !(log1p(found->mde) <= view.limit);
  if (noise->floor > 0.0) {
    const double fewer = (double)(found->processes[0] < found->processes[1] ? found->processes[0]
                                                                            : found->processes[1]);
    view.floor = noise->floor * sqrt(fmax(1.0, noise->floor_processes / fewer));
  }
  return view;
}

static bool is_different(const struct hx_compare_item *item, const struct view *view)
{
  return (view->lo > 0.0 || view->hi < 0.0) && item->found.q <= HX_COMPARE_Q_MAX &&
         fabs(view->shift) > view->floor;
}

static void explain_open(struct hx_compare_item *item, const struct hx_compare_how *how,
                         const struct view *view)
{
  struct hx_compare_found *found = &item->found;
  char *reason = found->reason;
  const size_t bytes = sizeof(found->reason);
  const bool apart = view->lo > 0.0 || view->hi < 0.0;
  if (isnan(found->lo) && found->drift > 1.0)
    snprintf(reason, bytes,
             "the machine drifted while it ran: %zu processes are worth %.1f, too few for an "
             "interval; use `grosr duel`, or measure in more quiet",
             found->processes[0], (double)found->processes[0] / found->drift);
  else if (isnan(found->lo))
    snprintf(reason, bytes,
             "%s are too few to know the noise between processes: run with --processes 5 "
             "or more, or give --calibration",
             found->blocks > 0 || how->block_pairs > 0 ? "fewer than 8 blocks"
                                                       : "fewer than 5 processes a side");
  else if (view->open && found->drift > 2.0)
    snprintf(reason, bytes,
             "the machine drifted while it ran (%zu processes are worth %.0f), so %.3g %% is what "
             "can be found: use `grosr duel`, or measure in more quiet",
             found->processes[0], (double)found->processes[0] / found->drift, 100.0 * found->mde);
  else if (view->open)
    snprintf(reason, bytes,
             "a threshold of %.3g %% is below the effect that can be found here, %.3g %%: "
             "measure more %s or in more quiet, or raise --threshold",
             100.0 * how->threshold, 100.0 * found->mde,
             found->blocks > 0 ? "blocks" : "processes");
  else if (apart && fabs(view->shift) <= view->floor)
    snprintf(reason, bytes, "the same binary against itself differs by up to %.3g %%, this by less",
             100.0 * expm1(view->floor));
  else if (apart && found->q > HX_COMPARE_Q_MAX)
    snprintf(reason, bytes,
             "among this many points such a difference comes by chance (q %.2g): measure more %s "
             "or fewer points",
             found->q, found->blocks > 0 ? "blocks" : "processes");
  else if (apart)
    snprintf(reason, bytes, "a difference is shown, but not whether it is above %.3g %%",
             100.0 * how->threshold);
  else
    snprintf(reason, bytes, "the interval reaches beyond %.3g %%, and holds no change as well",
             100.0 * how->threshold);
}

static enum hx_compare_verdict decide(const struct hx_compare_item *item, const struct view *view)
{
  const bool sure = !view->open || view->lo > view->limit || view->hi < -view->limit;
  if (isnan(item->found.lo))
    return HX_COMPARE_AMBIGUOUS;
  if (!view->open && view->lo > -view->limit && view->hi < view->limit)
    return HX_COMPARE_SAME;
  if (is_different(item, view) && sure && fabs(view->shift) >= view->limit &&
      hx_compare_direction(item->unit) != 0)
    return view->shift > 0.0 ? HX_COMPARE_SLOWER : HX_COMPARE_FASTER;
  return HX_COMPARE_AMBIGUOUS;
}

void hx_compare_decide(struct hx_compare_item *item, const struct hx_compare_how *how)
{
  struct hx_compare_found *found = &item->found;
  found->reason[0] = '\0';
  if (item->trouble[0] != '\0') {
    found->verdict = HX_COMPARE_INVALID;
    snprintf(found->reason, sizeof(found->reason), "%s", item->trouble);
    return;
  }
  const struct view view = view_of(item, how);
  found->verdict = decide(item, &view);
  if (item->same_binary && !how->ignore_hash) {
    const bool alarm = found->verdict == HX_COMPARE_SLOWER || found->verdict == HX_COMPARE_FASTER;
    snprintf(found->reason, sizeof(found->reason),
             "the same binary; the %+.3g %% measured is noise%s", 100.0 * (found->ratio - 1.0),
             alarm ? ", and would have been called a change: calibrate this machine" : "");
    found->verdict = HX_COMPARE_SAME;
  } else if (found->verdict == HX_COMPARE_AMBIGUOUS && is_different(item, &view) &&
             hx_compare_direction(item->unit) == 0) {
    snprintf(found->reason, sizeof(found->reason),
             "it differs, but the unit \"%s\" does not say whether more is better", item->unit);
  } else if (found->verdict == HX_COMPARE_AMBIGUOUS) {
    explain_open(item, how, &view);
  } else if (found->verdict == HX_COMPARE_SAME && (view.lo > 0.0 || view.hi < 0.0)) {
    snprintf(found->reason, sizeof(found->reason),
             "a difference is shown, and it is smaller than the threshold");
  }
}

enum hx_compare_exit hx_compare_exit_of(const struct hx_compare *all)
{
  size_t count[HX_COMPARE_COUNT] = {0};
  for (size_t i = 0; i < all->item_count; i++)
    count[all->item[i].found.verdict]++;
  if (count[HX_COMPARE_INVALID] > 0)
    return HX_COMPARE_EXIT_INVALID;
  if (count[HX_COMPARE_SLOWER] > 0)
    return HX_COMPARE_EXIT_SLOWER;
  return count[HX_COMPARE_AMBIGUOUS] > 0 ? HX_COMPARE_EXIT_AMBIGUOUS : HX_COMPARE_EXIT_OK;
}
