/* environment.c - see environment.h. Next: look.h */
#include "environment.h"

#include <time.h>

#define GLANCES 5u /* looks at who wants to run, within the wait; the median counts */

static void wait_ns(uint64_t ns)
{
  struct timespec time = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
  while (nanosleep(&time, &time) != 0) {
  }
}

/* Waits, and glances at who wants to run meanwhile. The median; -1 unseen. */
static int watch_runnable(const struct hx_environment_setup *setup)
{
  int seen[GLANCES];
  for (unsigned i = 0; i < GLANCES; i++) {
    wait_ns(setup->look_ns / GLANCES);
    const int runnable = hx_look_runnable(setup->root);
    unsigned at = i;
    for (; at > 0 && seen[at - 1] > runnable; at--)
      seen[at] = seen[at - 1];
    seen[at] = runnable;
  }
  return seen[GLANCES / 2];
}

void hx_environment_begin(struct hx_environment *environment,
                          const struct hx_environment_setup *setup)
{
  struct hx_look first;
  struct hx_environment_side *before = &environment->before;
  *environment = (struct hx_environment){0};
  environment->setup = *setup;
  hx_timer_pair_read(&environment->clock);
  if (setup->nvml_library != NULL) /* first: starting NVML is work, which is not others' */
    hx_gpus_look(&before->gpus, setup->nvml_library);
  hx_look_take(&first, setup->root);
  const int runnable = watch_runnable(setup);
  hx_look_take(&before->look, setup->root);
  before->look.runnable_others = runnable;
  hx_judge(&first, &before->look, HX_SPAN_BEFORE, &before->reasons);
  if (setup->nvml_library != NULL)
    hx_judge_gpus(&before->gpus, HX_SPAN_BEFORE, &before->reasons);
}

void hx_environment_end(struct hx_environment *environment)
{
  struct hx_environment_side *after = &environment->after;
  const struct hx_environment_setup *setup = &environment->setup;
  hx_look_take(&after->look, setup->root);
  hx_judge(&environment->before.look, &after->look, HX_SPAN_RUN, &after->reasons);
  if (setup->nvml_library != NULL) {
    hx_gpus_look(&after->gpus, setup->nvml_library);
    hx_judge_gpus(&after->gpus, HX_SPAN_RUN, &after->reasons);
  }
  hx_timer_pair_read(&environment->clock_end);
  environment->has_ended = true;
}

enum hx_grade hx_environment_grade(const struct hx_environment *environment)
{
  const enum hx_grade before = hx_reasons_grade(&environment->before.reasons);
  const enum hx_grade after = hx_reasons_grade(&environment->after.reasons); /* A until then */
  return after > before ? after : before;
}

static json_t *side_json(const struct hx_environment_side *side, bool with_gpus)
{
  json_t *object = hx_look_json(&side->look);
  if (with_gpus)
    json_object_set_new(object, "nvml", hx_gpus_json(&side->gpus));
  json_object_set_new(object, "reasons", hx_reasons_json(&side->reasons));
  return object;
}

json_t *hx_environment_json(const struct hx_environment *environment)
{
  const bool with_gpus = environment->setup.nvml_library != NULL;
  json_t *object =
      json_pack("{s:s, s:s, s:o}", "grade", hx_grade_text(hx_environment_grade(environment)),
                "grade_before", hx_grade_text(hx_reasons_grade(&environment->before.reasons)),
                "before", side_json(&environment->before, with_gpus));
  if (environment->has_ended) {
    json_object_set_new(object, "grade_after",
                        json_string(hx_grade_text(hx_reasons_grade(&environment->after.reasons))));
    json_object_set_new(object, "after", side_json(&environment->after, with_gpus));
    json_object_set_new(object, "clock_drift",
                        hx_timer_drift_json(&environment->clock, &environment->clock_end));
  }
  return object;
}
