/* exp_device_sim.c - exp_device.h for device sim: each point is a run of its own under --seed.
 *
 * Next: exp_pipeline.h */
#include "exp_device.h"

#include <stdio.h>

#include <grosr/grosr.h>

#include "sim/sim.h"

#define WARM_TASKS_MAX 16u /* every path once: first allocations of a run are steps, too */

static const struct gr_sim_outcome *outcome; /* of the run that is on */

static void begin(uint64_t seed)
{
  outcome = gr_sim_begin(seed);
}

static const char *violation(void)
{
  return outcome->failed ? outcome->what : "";
}

static int probe(const char *device, char *sentence, size_t sentence_bytes)
{
  const int result = grosr_device_probe(device);
  if (result < 0) {
    snprintf(sentence, sentence_bytes, "%s", grosr_last_error());
  } else {
    snprintf(sentence, sentence_bytes, "simulated, seed %llu, virtual time",
             (unsigned long long)gr_sim_config()->seed);
  }
  return result;
}

int exp_main(int argc, char **argv, const struct hx_experiment *table)
{
  static const struct hx_simulator simulator = {begin, violation};
  struct hx_experiment experiment = *table;
  experiment.device_probe = probe;
  experiment.simulator = &simulator;
  return hx_main(argc, argv, &experiment);
}

uint64_t exp_now_ns(void)
{
  return gr_sim_clock(__FILE__, __LINE__); /* a step, as for an op that reads it */
}

uint64_t exp_warm_up(uint64_t count)
{
  return count < WARM_TASKS_MAX ? count : WARM_TASKS_MAX;
}

unsigned exp_multiprocessors(const char *device)
{
  (void)device;
  return 0;
}
