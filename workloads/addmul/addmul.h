/* addmul.h - inputs of the add/mul loop, and the CPU reference that its results are held against.
 *
 * Task i of a run adds if i is even and multiplies if it is odd; its operands come from i and the
 * run's seed, so that no two tasks, and no two runs, have the same. Pure functions, any thread.
 *
 * Next: addmul.c */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Words of a result: the launch that made it, then the elements. */
#define WL_ADDMUL_WORDS(elements) (1u + ((elements) == 0u ? 1u : (elements)))

struct wl_addmul_inputs {
  uint64_t a;
  uint64_t b;
  bool mul;
};

/* What task i is to do. Its vector form has operands a + k and b ^ k for element k. */
static inline struct wl_addmul_inputs wl_addmul_task(uint64_t i, uint64_t seed)
{
  const struct wl_addmul_inputs inputs = {i * 2654435761u + seed, i ^ (seed * 0x9e3779b97f4a7c15u),
                                          (i & 1u) != 0u};
  return inputs;
}

/* Fills the operands of a vector task. */
void wl_addmul_operands(uint64_t i, uint64_t seed, uint64_t elements, uint64_t *a, uint64_t *b);

/* Whether the result of task i is right: made by launch `incarnation`, each element as on the CPU.
 * elements is 0 for scalars. If not, *wrong is the first word that differs. */
bool wl_addmul_is_right(const volatile uint64_t *result, uint64_t i, uint64_t seed,
                        uint64_t elements, uint64_t incarnation, uint64_t *wrong);
