/* self_chain.h - work of known length and known result: a chain of multiplications.
 *
 * Each step waits for the one before: the time is that of the steps, whatever else the core does.
 * Used by exp91_injected.c and exp92_overhead.c. Next: exp91_injected.c */
#pragma once
#include <stdint.h>

#define SELF_MULTIPLIER 6364136223846793005u

/* Read once a chain, so that the compiler does not know it and cannot fold the steps. */
static volatile uint64_t self_multiplier = SELF_MULTIPLIER;

static inline uint64_t self_chain(uint64_t value, uint64_t steps)
{
  const uint64_t factor = self_multiplier;
  for (uint64_t i = 0; i < steps; i++)
    value *= factor;
  return value;
}

/* What self_chain() must return: the multiplier's power, by squaring. */
static inline uint64_t self_chain_end(uint64_t value, uint64_t steps)
{
  for (uint64_t factor = SELF_MULTIPLIER; steps > 0; steps >>= 1, factor *= factor)
    value *= (steps & 1u) != 0 ? factor : 1u;
  return value;
}
