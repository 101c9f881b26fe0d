/* exp_device.h - the side of an experiment that differs between its two binaries: exp<N>_<name> for
 * cpu and cuda (exp_device.c, libgrosr) and exp<N>_<name>-sim for device sim (exp_device_sim.c,
 * libgrosr-sim).
 *
 * Next: exp_device.c */
#pragma once

#include "harness/hx.h"

/* What main() returns: hx_main() on the table, with device_probe and simulator filled in here. */
int exp_main(int argc, char **argv, const struct hx_experiment *table);

/* The clock of samples, the one that ops read too: hx_now_ns(), and in a simulation virtual time.
 * Budgets and bounds of real time stay on hx_now_ns(). */
uint64_t exp_now_ns(void);

/* How many of `count` warm-up tasks are worth it: all of them on a machine; a few in a simulation,
 * which has no caches to fill. */
uint64_t exp_warm_up(uint64_t count);

/* The multiprocessors of a GPU; 0 where the device is none. */
unsigned exp_multiprocessors(const char *device);
