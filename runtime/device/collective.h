/* collective.h - the lanes of a team work out one value together.
 *
 * Called by ops, whole team, converged; every function ends with all lanes knowing the answer and
 * the team's memory free to be used again. Within a warp by shuffles, between warps by one word per
 * warp in struct gr_team and two barriers. On a team of one lane all of it is the identity.
 *
 * gr_team_sum_u64(team, v)       sum over lanes, modulo 2^64
 * gr_team_min_u64, gr_team_max_u64
 * gr_team_scan_u64(team, v)      sum of the lanes below this one (exclusive prefix sum)
 * gr_team_broadcast_u64(team, v) lane 0's value
 *
 * Next: submit.h. */
#pragma once

#include "device/team.h"

enum gr_reduction { GR_SUM = 0, GR_MIN = 1, GR_MAX = 2 };

GR_DEV uint64_t gr_combine(uint32_t reduction, uint64_t a, uint64_t b)
{
  if (reduction == GR_SUM) {
    return a + b;
  }
  if (reduction == GR_MIN) {
    return a < b ? a : b;
  }
  return a > b ? a : b;
}

/* Lane 0 of the warp gets the whole; butterfly over a power of two of lanes. */
GR_DEV uint64_t gr_warp_reduce_u64(uint32_t reduction, uint64_t value)
{
  for (uint32_t step = gr_warp_lanes() / 2u; step > 0u; step /= 2u) {
    const uint64_t other = gr_warp_shuffle_u64(value, gr_warp_lane() ^ step);
    value = gr_combine(reduction, value, other);
  }
  return value;
}

GR_DEV uint64_t gr_team_reduce_u64(struct gr_team *team, uint32_t reduction, uint64_t value)
{
  const uint32_t warps = gr_lanes() / gr_warp_lanes();
  value = gr_warp_reduce_u64(reduction, value);
  if (warps == 1u) {
    return value;
  }
  if (gr_warp_lane() == 0u) {
    team->slot[gr_lane() / gr_warp_lanes()] = value;
  }
  gr_team_barrier();
  value = team->slot[0];
  for (uint32_t warp = 1u; warp < warps; warp++) {
    value = gr_combine(reduction, value, team->slot[warp]);
  }
  gr_team_barrier();
  return value;
}
GR_DEV uint64_t gr_team_sum_u64(struct gr_team *team, uint64_t value)
{
  return gr_team_reduce_u64(team, GR_SUM, value);
}
GR_DEV uint64_t gr_team_min_u64(struct gr_team *team, uint64_t value)
{
  return gr_team_reduce_u64(team, GR_MIN, value);
}
GR_DEV uint64_t gr_team_max_u64(struct gr_team *team, uint64_t value)
{
  return gr_team_reduce_u64(team, GR_MAX, value);
}

GR_DEV uint64_t gr_team_broadcast_u64(struct gr_team *team, uint64_t value)
{
  if (gr_lanes() == gr_warp_lanes()) {
    return gr_warp_shuffle_u64(value, 0u);
  }
  if (gr_lane() == 0u) {
    team->slot[0] = value;
  }
  gr_team_barrier();
  value = team->slot[0];
  gr_team_barrier();
  return value;
}

GR_DEV uint64_t gr_team_scan_u64(struct gr_team *team, uint64_t value)
{
  const uint32_t warps = gr_lanes() / gr_warp_lanes();
  uint64_t sum = value; /* inclusive, within the warp */
  for (uint32_t step = 1u; step < gr_warp_lanes(); step *= 2u) {
    const uint64_t below = gr_warp_shuffle_up_u64(sum, step);
    if (gr_warp_lane() >= step) {
      sum += below;
    }
  }
  if (warps == 1u) {
    return sum - value;
  }
  if (gr_warp_lane() == gr_warp_lanes() - 1u) {
    team->slot[gr_lane() / gr_warp_lanes()] = sum;
  }
  gr_team_barrier();
  uint64_t below = 0u;
  for (uint32_t warp = 0u; warp < gr_lane() / gr_warp_lanes(); warp++) {
    below += team->slot[warp];
  }
  gr_team_barrier();
  return below + sum - value;
}
