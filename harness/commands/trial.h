/* trial.h - one process of an experiment, run for a comparison: into a folder of its own that is
 * removed again, its samples into an arm.
 *
 * Called by cmd_duel.c and cmd_calibrate.c, which decide the order. The options that both hand on
 * to the experiment (--device, --variant, --factor, --samples, --tier) are taken here.
 * What the process prints is shown only if it goes wrong.
 *
 * Main thread only. Next: trial.c */
#pragma once
#ifndef HX_PRIVATE
#error "trial.h is private to harness/: include hx.h"
#endif
#include <argp.h>

#include "compare_read.h"
#include "environment.h"

#define HX_TRIAL_OPTIONS_MAX 24u

struct hx_trial_options {
  char *option[HX_TRIAL_OPTIONS_MAX]; /* "--variant=spin_floor" */
  size_t count;
  const char *device; /* NULL: not given */
  bool has_samples;
};

/* An argp child: its input is a struct hx_trial_options. */
extern const struct argp hx_trial_argp;
void hx_trial_options_fini(struct hx_trial_options *options);

struct hx_trial {
  const char *binary;
  const struct hx_trial_options *options;
  const char *inject; /* value of GROSR_INJECT_PERCENT; NULL: unset */
  enum hx_compare_which which;
  size_t process;
};

/* The binary of EXP in a build, bundle or experiments folder, or EXP itself if it is a path to one;
 * `folder` NULL: where `grosr run` looks. Allocated, or NULL and a sentence. */
char *hx_trial_find(const char *folder, const char *experiment, const char *device,
                    struct hx_why *why);

/* The machine around all the trials, which do not look themselves: begin before the first, tell
 * after the last, which prints its grade and why to stderr and releases it. NULL does nothing. */
struct hx_environment *hx_trial_look(const char *device);
void hx_trial_tell(struct hx_environment *environment);

/* 0, or negative errno and a sentence; -EINTR after a signal. */
int hx_trial_run(struct hx_compare *all, const struct hx_trial *trial, struct hx_compare_run *run,
                 struct hx_why *why);
