/* trace.c - see trace.h. Both files are text.
 *
 *   grosr-sim-trace 1
 *   build 0x1234        the program's fingerprint: line numbers and steps change with the source
 *   scenario device
 *   seed 42 memory 1 faults 0x0
 *   decisions 2
 *   3 117 0 1           participant, its step, kind, value (sim.h)
 *
 * Next: main.c. */
#include "sim/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim_private.h"

uint64_t gr_trace_build(void)
{
  static uint64_t build;
  unsigned char block[65536];
  FILE *file = build == 0 ? fopen("/proc/self/exe", "rb") : NULL;
  if (file == NULL) {
    return build;
  }
  size_t bytes;
  build = 1;
  while ((bytes = fread(block, 1, sizeof block, file)) > 0) {
    for (size_t i = 0; i < bytes; i += 8u) {
      uint64_t word = 0;
      memcpy(&word, block + i, bytes - i < 8u ? bytes - i : 8u);
      build = mix(build, word);
    }
  }
  fclose(file);
  return build;
}

const struct gr_scenario *gr_scenario_find(const char *name)
{
  for (const struct gr_scenario *s = gr_scenarios; s->name != NULL; s++) {
    if (strcmp(s->name, name) == 0) {
      return s;
    }
  }
  return NULL;
}

struct gr_sim_config gr_scenario_config(const struct gr_scenario *scenario, uint64_t seed)
{
  struct gr_sim_config config = gr_sim_config_from_seed(seed);
  uint64_t random = mix(seed, 0xfa17u);
  const uint64_t bits = draw(&random);
  config.faults = bits % 3u == 0 ? (uint32_t)(bits >> 8) & scenario->faults : 0u;
  if (scenario->can_park && (bits >> 32) % (scenario->parks_teams ? 4u : 24u) == 0) {
    config.scheduler = GR_SIM_PARK;
  }
  if (scenario->is_crowded && config.scheduler == GR_SIM_STARVE) {
    config.scheduler = GR_SIM_RANDOM;
  }
  config.check = scenario->check;
  config.parks_teams = scenario->parks_teams;
  config.steps_max = scenario->steps_max;
  return config;
}

int gr_trace_write(const char *path, const struct gr_trace *trace, char *why, size_t why_bytes)
{
  FILE *file = fopen(path, "w");
  if (file == NULL) {
    const int error = -errno;
    snprintf(why, why_bytes, "%s cannot be written: %s; choose another --save", path,
             strerror(errno));
    return error;
  }
  fprintf(file, "grosr-sim-trace 1\nbuild 0x%" PRIx64 "\nscenario %s\n", gr_trace_build(),
          trace->scenario->name);
  fprintf(file, "seed %" PRIu64 " memory %u faults 0x%x\ndecisions %zu\n", trace->config.seed,
          (unsigned)trace->config.memory, trace->config.faults, trace->config.decisions);
  for (size_t i = 0; i < trace->config.decisions; i++) {
    const struct gr_sim_decision *d = &trace->config.decision[i];
    fprintf(file, "%u %u %u %u\n", d->participant, d->step, d->kind, d->value);
  }
  if (fclose(file) != 0) {
    snprintf(why, why_bytes, "%s could not be written whole: %s; free some space", path,
             strerror(errno));
    return -EIO;
  }
  return 0;
}

static int head_read(FILE *file, const char *path, struct gr_trace *trace, size_t *count, char *why,
                     size_t why_bytes)
{
  char name[64];
  unsigned version = 0, memory = 0;
  uint64_t build = 0;
  if (fscanf(file, "grosr-sim-trace %u", &version) != 1 || version != 1u) {
    snprintf(why, why_bytes, "%s is no trace of grosr sim (version 1); --save makes one", path);
    return -EINVAL;
  }
  if (fscanf(file,
             " build %" SCNx64 " scenario %63s seed %" SCNu64 " memory %u faults %x decisions %zu",
             &build, name, &trace->config.seed, &memory, &trace->config.faults, count) != 6 ||
      *count > 1u << 20) {
    snprintf(why, why_bytes, "%s is damaged: its head cannot be read; make it again by its seed",
             path);
    return -EINVAL;
  }
  trace->scenario = gr_scenario_find(name);
  if (trace->scenario == NULL) {
    snprintf(why, why_bytes, "%s is of scenario '%s', which this build does not have; see --list",
             path, name);
    return -EINVAL;
  }
  if (build != gr_trace_build()) {
    snprintf(why, why_bytes,
             "%s was made by another build (0x%" PRIx64 ", this is 0x%" PRIx64 "), whose steps are "
             "others; run its seed instead: grosr sim --scenario %s --seed %" PRIu64,
             path, build, gr_trace_build(), name, trace->config.seed);
    return -ESTALE;
  }
  const uint32_t faults = trace->config.faults;
  trace->config = gr_scenario_config(trace->scenario, trace->config.seed);
  trace->config.memory = memory == 0 ? GR_SIM_STRONG : GR_SIM_WEAK;
  trace->config.faults = faults;
  trace->config.scheduler = GR_SIM_REPLAY;
  return 0;
}

int gr_trace_read(const char *path, struct gr_trace *trace, char *why, size_t why_bytes)
{
  size_t count = 0;
  FILE *file = fopen(path, "r");
  if (file == NULL) {
    snprintf(why, why_bytes, "%s cannot be read: %s", path, strerror(errno));
    return -ENOENT;
  }
  int error = head_read(file, path, trace, &count, why, why_bytes);
  struct gr_sim_decision *decision = error == 0 ? calloc(count + 1u, sizeof *decision) : NULL;
  for (size_t i = 0; error == 0 && decision != NULL && i < count; i++) {
    if (fscanf(file, "%u %u %u %u", &decision[i].participant, &decision[i].step, &decision[i].kind,
               &decision[i].value) != 4) {
      snprintf(why, why_bytes, "%s is damaged: decision %zu of %zu cannot be read", path, i + 1u,
               count);
      error = -EINVAL;
    }
  }
  fclose(file);
  if (error == 0 && decision == NULL) {
    snprintf(why, why_bytes, "no memory for the %zu decisions of %s", count, path);
    error = -ENOMEM;
  }
  trace->config.decision = decision;
  trace->config.decisions = count;
  return error;
}

int gr_seeds_read(const char *path, bool (*each)(const struct gr_scenario *scenario, uint64_t seed),
                  char *why, size_t why_bytes)
{
  char line[256];
  unsigned number = 0;
  int error = 0;
  FILE *file = fopen(path, "r");
  if (file == NULL) {
    snprintf(why, why_bytes, "%s cannot be read: %s", path, strerror(errno));
    return -ENOENT;
  }
  while (error == 0 && fgets(line, sizeof line, file) != NULL) {
    char name[64], end;
    uint64_t seed;
    number++;
    line[strcspn(line, "#\n")] = '\0';
    if (line[strspn(line, " \t")] == '\0') {
      continue;
    }
    const int fields = sscanf(line, "%63s %" SCNu64 " %c", name, &seed, &end);
    const struct gr_scenario *scenario = fields == 2 ? gr_scenario_find(name) : NULL;
    if (scenario == NULL) {
      snprintf(why, why_bytes, "%s:%u: '%s' is not \"scenario seed\" with a scenario of --list",
               path, number, line);
      error = -EINVAL;
    } else if (!each(scenario, seed)) {
      break;
    }
  }
  fclose(file);
  return error;
}
