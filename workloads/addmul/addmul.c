/* addmul.c - see addmul.h. Next: addmul_ops.h */
#include "workloads/addmul/addmul.h"

void wl_addmul_operands(uint64_t i, uint64_t seed, uint64_t elements, uint64_t *a, uint64_t *b)
{
  const struct wl_addmul_inputs inputs = wl_addmul_task(i, seed);
  for (uint64_t k = 0; k < elements; k++) {
    a[k] = inputs.a + k;
    b[k] = inputs.b ^ k;
  }
}

bool wl_addmul_is_right(const volatile uint64_t *result, uint64_t i, uint64_t seed,
                        uint64_t elements, uint64_t incarnation, uint64_t *wrong)
{
  const struct wl_addmul_inputs inputs = wl_addmul_task(i, seed);
  const uint64_t words = WL_ADDMUL_WORDS(elements);
  if (result[0] != incarnation) {
    *wrong = 0;
    return false;
  }
  for (uint64_t k = 0; k + 1u < words; k++) {
    const uint64_t a = inputs.a + k;
    const uint64_t b = inputs.b ^ k;
    if (result[1u + k] != (inputs.mul ? a * b : a + b)) {
      *wrong = 1u + k;
      return false;
    }
  }
  return true;
}
