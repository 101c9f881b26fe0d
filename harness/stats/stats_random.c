/* stats_random.c - see stats_random.h. Next: stats_bootstrap.c */
#include "stats_random.h"

#include <math.h>

#define PI 3.14159265358979323846

static uint64_t splitmix(uint64_t *state)
{
  uint64_t z = (*state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static uint64_t turn(uint64_t value, int bits)
{
  return value << bits | value >> (64 - bits);
}

void hx_stats_random_init(struct hx_stats_random *random, uint64_t seed)
{
  for (int i = 0; i < 4; i++)
    random->state[i] = splitmix(&seed);
}

uint64_t hx_stats_random_u64(struct hx_stats_random *random)
{
  uint64_t *s = random->state;
  const uint64_t result = turn(s[1] * 5u, 7) * 9u;
  const uint64_t shifted = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= shifted;
  s[3] = turn(s[3], 45);
  return result;
}

size_t hx_stats_random_below(struct hx_stats_random *random, size_t bound)
{
  __extension__ typedef unsigned __int128 wide;
  return (size_t)((wide)hx_stats_random_u64(random) * bound >> 64);
}

double hx_stats_random_share(struct hx_stats_random *random)
{
  return (double)(hx_stats_random_u64(random) >> 11) * 0x1p-53;
}

double hx_stats_random_normal(struct hx_stats_random *random)
{
  const double radius = sqrt(-2.0 * log(1.0 - hx_stats_random_share(random)));
  return radius * cos(2.0 * PI * hx_stats_random_share(random));
}
