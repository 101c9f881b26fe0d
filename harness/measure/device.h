/* device.h - which device a run gets: by --device, by what the binary is for, by what is here.
 *
 * Called by hx_main.c before anything is run. No state.
 *
 * Next: sweep.h */
#pragma once
#ifndef HX_PRIVATE
#error "device.h is private to harness/: include hx.h"
#endif
#include "hx.h"
#include "text.h"

#define HX_DEVICE_BYTES 16u

struct hx_choice {
  char device[HX_DEVICE_BYTES];     /* "cpu", "cuda:0", "sim" */
  char sentence[HX_WHY_BYTES];      /* what device_probe() says that it is; "" without */
  char auto_sentence[HX_WHY_BYTES]; /* why --device auto did not take cuda; "" otherwise */
};

/* `wish` is --device, NULL for auto, which never is sim in a binary that has real devices. 0, or
 * negative errno and a sentence that says what to do. */
int hx_device_choose(const struct hx_experiment *experiment, const char *wish,
                     struct hx_choice *choice, struct hx_why *why);

/* The same, but a device that is named is not looked for: for a plan that is made on a login node,
 * and run where the device is. */
int hx_device_name(const struct hx_experiment *experiment, const char *wish,
                   struct hx_choice *choice, struct hx_why *why);

bool hx_device_is_sim(const char *device);
