/* exp3_by.c - two ways of allocating in turns: speedup_x is the first's rate by the other's.
 *
 * Both run in one process, on the same teams, each interval of one beside one of the other, the
 * order changing from sample to sample: what else the machine does meets both. Each has as many
 * operations as make an interval of the usual length. Next: exp3_space.c */
#include "exp3_measure.h"

#define CROSS_BYTES 64u /* as xmalloc-test is run in mimalloc-bench */

struct side {
  const struct exp3_calls *calls;
  struct exp3_load load;
};

static int interval(struct exp3 *exp, const struct side *side, double *rate)
{
  struct exp3_result out;
  exp3_device_use(exp, side->calls);
  exp3_load_set(exp, &side->load);
  const int result = exp3_device_run(exp, side->load.op, &out);
  if (result == 0 && (out.nulls != 0u || out.done == 0u || out.alloc_s <= 0.0)) {
    return hx_fail(exp->point, "%llu of %llu allocations failed", (unsigned long long)out.nulls,
                   (unsigned long long)out.done);
  }
  *rate = result < 0 ? 0.0 : (double)out.done / out.alloc_s;
  return result;
}

static int measure(struct exp3 *exp, struct side *side)
{
  int result = 0;
  for (uint32_t i = 0; i < 2u && result == 0; i++) {
    exp3_device_use(exp, side[i].calls); /* and warms up */
    result = exp3_load_calibrate(exp, &side[i].load);
  }
  for (uint32_t i = 0; result == 0 && exp3_more(exp->point, "speedup_x", i); i++) {
    double rate[2];
    const uint32_t first = i % 2u;
    result = interval(exp, &side[first], &rate[first]);
    result = result < 0 ? result : interval(exp, &side[1u - first], &rate[1u - first]);
    if (result == 0) {
      hx_sample(exp->point, "speedup_x", rate[0] / rate[1]);
      hx_sample(exp->point, "pairs_per_s", rate[0]);
      hx_sample(exp->point, "other_pairs_per_s", rate[1]);
    }
  }
  return result;
}

/* first: the first way's op, if it has one of its own. */
static int run(struct hx_point *point, exp3_choose *const choose[2], const struct exp3_load *load,
               uint32_t teams, const char *first)
{
  static struct exp3 exp;
  const struct exp3_size size = {2u * teams * load->bytes + 2u * exp3_live_bytes(point), 1u,
                                 load->bytes};
  struct exp3_way way[2];
  struct side side[2];
  int result = 0;
  for (uint32_t i = 0; i < 2u && result == 0; i++) {
    result = choose[i](point, load->bytes, teams * load->bytes, teams, &way[i]);
    side[i] = (struct side){way[i].calls, *load};
  }
  side[0].load.op = first != NULL ? first : load->op;
  result = result < 0 ? result : exp3_device_open(&exp, point, &way[0], teams, &size);
  return result < 0 ? result : exp3_device_close(&exp, measure(&exp, side));
}

int exp3_pairs_by(struct hx_point *point, exp3_choose *choose, exp3_choose *other)
{
  exp3_choose *const both[2] = {choose, other};
  const struct exp3_load load = {
      .op = "pairs", .bytes = hx_factor_u64(point, "class_bytes"), .more = 1};
  return run(point, both, &load, (uint32_t)hx_factor_u64(point, "teams"), NULL);
}

int exp3_inline_by(struct hx_point *point, exp3_choose *choose, exp3_choose *other)
{
  exp3_choose *const both[2] = {choose, other};
  const struct exp3_load load = {
      .op = "pairs", .bytes = hx_factor_u64(point, "class_bytes"), .more = 1};
  return run(point, both, &load, (uint32_t)hx_factor_u64(point, "teams"), "pairs_inline");
}

int exp3_cross_by(struct hx_point *point, exp3_choose *choose, exp3_choose *other)
{
  exp3_choose *const both[2] = {choose, other};
  const struct exp3_load load = {.op = "cross", .bytes = CROSS_BYTES};
  return run(point, both, &load, 2u, NULL);
}

int exp3_run_by(struct hx_point *point, exp3_choose *choose, exp3_choose *other)
{
  exp3_choose *const both[2] = {choose, other};
  const struct exp3_load load = {.op = "pairs",
                                 .bytes = hx_factor_u64(point, "run_bytes"),
                                 .more = hx_factor_u64(point, "touch")};
  return run(point, both, &load, 1u, NULL);
}
