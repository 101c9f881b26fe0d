/* stats_pairs.c - see stats_pairs.h. Next: stats_shift.c */
#include "stats_pairs.h"

#include <stdint.h>
#include <string.h>

#define SIGN_BIT 0x8000000000000000u

/* Doubles in their order as whole numbers: halving between two of these halves the doubles that lie
 * between, whatever their size. */
static uint64_t key_of(double value)
{
  uint64_t bits = 0;
  memcpy(&bits, &value, sizeof(bits));
  return (bits & SIGN_BIT) != 0 ? ~bits : bits | SIGN_BIT;
}

static double value_of(uint64_t key)
{
  const uint64_t bits = (key & SIGN_BIT) != 0 ? key & ~SIGN_BIT : ~key;
  double value = 0.0;
  memcpy(&value, &bits, sizeof(value));
  return value;
}

/* How many differences are at most `bound`. Rounding keeps the order, so the finger never goes
 * back. */
static size_t differences_within(const struct hx_stats_two *two, double bound)
{
  size_t total = 0;
  size_t i = 0;
  for (size_t j = 0; j < two->fresh_count; j++) {
    while (i < two->base_count && two->fresh[j] - two->base[i] > bound)
      i++;
    total += two->base_count - i;
  }
  return total;
}

double hx_stats_pairs_difference(const struct hx_stats_two *two, size_t k)
{
  uint64_t lo = key_of(two->fresh[0] - two->base[two->base_count - 1]);
  uint64_t hi = key_of(two->fresh[two->fresh_count - 1] - two->base[0]);
  while (lo < hi) {
    const uint64_t middle = lo + (hi - lo) / 2;
    if (differences_within(two, value_of(middle)) >= k)
      hi = middle;
    else
      lo = middle + 1;
  }
  return value_of(lo);
}

static size_t means_within(const double *sorted, size_t count, double bound)
{
  size_t total = 0;
  size_t j = count; /* sorted[0 .. j) go with sorted[i] */
  for (size_t i = 0; i < count; i++) {
    while (j > 0 && (sorted[i] + sorted[j - 1]) / 2.0 > bound)
      j--;
    total += j > i ? j - i : 0; /* the pairs i <= partner < j */
  }
  return total;
}

double hx_stats_pairs_mean(const double *sorted, size_t count, size_t k)
{
  uint64_t lo = key_of(sorted[0]);
  uint64_t hi = key_of(sorted[count - 1]);
  while (lo < hi) {
    const uint64_t middle = lo + (hi - lo) / 2;
    if (means_within(sorted, count, value_of(middle)) >= k)
      hi = middle;
    else
      lo = middle + 1;
  }
  return value_of(lo);
}
