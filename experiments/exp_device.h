/* exp_device.h - which device an experiment would run on, in one line; all experiments'
 * device_probe.
 *
 * Next: exp_device.c */
#pragma once

#include <stddef.h>

/* See struct hx_experiment: 0 and what the device is, or negative and what is missing. */
int exp_device_probe(const char *device, char *sentence, size_t sentence_bytes);
