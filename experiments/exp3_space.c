/* exp3_space.c - what becomes of the memory: see exp3_measure.h.
 *
 *   fill       until nothing is to be had: utilisation_percent, the objects' bytes of all bytes
 *              that are left for them (what the experiment's own tables take is not counted)
 *   spread     many objects, allocated and freed so many rounds: spread_x, how far apart their
 *              addresses ever were, in times what they have; internal_percent, what random sizes
 *              are rounded up by
 *   adversary  many objects of one size; all but one in every `stretch` bytes are freed; as many
 *              bytes of another size are allocated again: blowup_x, the bytes of all pages that
 *              ever held an object by the most that was live; external_percent, of the device's
 *              free pages those not in the longest row
 *   init       opened and closed with so much memory: init_us, what reserving it and laying out its
 *              tables took (grosr_memory_stats), a part of opening
 *
 * There is one sample of each process; of `fill`, which empties what it filled, and of `init`
 * several. The device is new for each point; the mallocs' heaps are those of the process, which has
 * measured other points before. Next: exp3_cpu.h */
#include "exp3_measure.h"

#include <grosr/memory.h>

#define PAGE_BYTES 4096u
#define TEAMS_CUDA 64u
#define ROOMS      8u

/* Of several threads each has a heap of its own in some allocators, far from the others. */
static uint32_t teams_of(const struct hx_point *point)
{
  return exp3_is_on(point, "cuda") ? TEAMS_CUDA : 1u;
}

static int open_space(struct exp3 *exp, struct hx_point *point, exp3_choose *choose, uint32_t teams,
                      const struct exp3_size *size)
{
  struct exp3_way way;
  const int result = choose(point, size->bytes_most, size->memory_bytes, teams, &way);
  return result < 0 ? result : exp3_device_open(exp, point, &way, teams, size);
}

static int fill_once(struct exp3 *exp, uint64_t bytes)
{
  struct exp3_result out, end;
  const struct exp3_load load = {.bytes = bytes, .more = bytes, .count = UINT64_MAX};
  exp3_load_set(exp, &load);
  int result = exp3_device_run(exp, "space_fill", &out);
  result = result < 0 ? result : exp3_device_run(exp, "space_drain", &end);
  if (result == 0 && (out.nulls != exp3_workers_of(exp) || end.done != out.done)) {
    return hx_fail(exp->point, "%llu objects were allocated and %llu freed; %llu workers had none",
                   (unsigned long long)out.done, (unsigned long long)end.done,
                   (unsigned long long)out.nulls);
  }
  if (result == 0) {
    hx_sample(exp->point, "utilisation_percent",
              100.0 * (double)(out.done * bytes) / (double)exp->capacity);
  }
  return result;
}

int exp3_fill(struct hx_point *point, exp3_choose *choose)
{
  static struct exp3 exp;
  const uint64_t bytes = hx_factor_u64(point, "size");
  const uint32_t teams = (uint32_t)hx_factor_u64(point, "teams");
  const struct exp3_size size = {exp3_live_bytes(point), teams * exp3_lanes_on(point), bytes};
  int result = open_space(&exp, point, choose, teams, &size);
  if (result < 0) {
    return result;
  }
  for (uint32_t i = 0; result == 0 && exp3_more(point, "utilisation_percent", i); i++) {
    result = fill_once(&exp, bytes);
  }
  return exp3_device_close(&exp, result);
}

static int spread_rounds(struct exp3 *exp, const struct exp3_load *load, uint64_t rounds)
{
  struct exp3_result out = {0};
  uint64_t low = UINT64_MAX, high = 0;
  int result = 0;
  for (uint64_t i = 0; i < rounds && result == 0; i++) {
    result = exp3_device_run(exp, "batch", &out);
    low = out.low < low ? out.low : low;
    high = out.high > high ? out.high : high;
    if (result == 0 && out.nulls != 0u) {
      result = hx_fail(exp->point, "%llu allocations failed, where there is memory",
                       (unsigned long long)out.nulls);
    }
  }
  if (result == 0) {
    hx_sample(exp->point, "spread_x", (double)(high - low) / (double)(out.done * load->bytes));
    result = exp3_device_run(exp, "waste", &out);
  }
  if (result == 0 && out.granted != 0u) {
    hx_sample(exp->point, "internal_percent",
              100.0 * (1.0 - (double)out.wanted / (double)out.granted));
  }
  return result;
}

int exp3_spread(struct hx_point *point, exp3_choose *choose)
{
  static struct exp3 exp;
  const uint64_t bytes = hx_factor_u64(point, "size"), live = exp3_live_bytes(point);
  const uint32_t teams = teams_of(point), workers = teams * exp3_lanes_on(point);
  const uint64_t each = live / bytes / workers != 0u ? live / bytes / workers : 1u;
  const struct exp3_load load = {.bytes = bytes, .count = each};
  const struct exp3_size size = {4u * live + workers * 64u * bytes, workers * (each + 1u), bytes};
  int result = open_space(&exp, point, choose, teams, &size);
  if (result < 0) {
    return result;
  }
  exp3_load_set(&exp, &load);
  return exp3_device_close(&exp, spread_rounds(&exp, &load, hx_factor_u64(point, "rounds")));
}

/* One step, and what is reserved after it. */
static int step(struct exp3 *exp, const char *op, const struct exp3_load *load,
                struct exp3_result *out)
{
  struct exp3_result look = {0};
  exp3_load_set(exp, load);
  int result = exp3_device_run(exp, op, out);
  result = result < 0 ? result : exp3_device_run_one(exp, "look", &look);
  if (result == 0) {
    out->pages_seen = look.pages_seen;
    out->pages_free = look.pages_free;
    out->pages_row = look.pages_row;
  }
  return result;
}

/* refused: allocations that found no memory; nothing is sampled then. */
static int adversary(struct exp3 *exp, uint64_t live, uint64_t bytes, uint64_t stretch,
                     uint64_t *refused)
{
  const uint64_t workers = exp3_workers_of(exp), other = 2u * bytes;
  struct exp3_load load = {.bytes = bytes, .count = live / bytes / workers};
  struct exp3_result first = {0}, thin = {0}, second = {0}, end = {0};
  int result = step(exp, "space_fill", &load, &first);
  load.more = stretch;
  result = result < 0 ? result : step(exp, "space_thin", &load, &thin);
  const uint64_t kept = (first.done - thin.done) * bytes, all = first.done * bytes;
  load = (struct exp3_load){.bytes = other, .count = (all - kept) / other / workers};
  result = result < 0 ? result : step(exp, "space_fill", &load, &second);
  load = (struct exp3_load){.bytes = bytes, .more = other};
  exp3_load_set(exp, &load);
  result = result < 0 ? result : exp3_device_run(exp, "space_drain", &end);
  *refused = first.nulls + second.nulls;
  if (result < 0 || *refused != 0u) {
    return result;
  }
  if (end.done != first.done - thin.done + second.done) {
    return hx_fail(exp->point, "%llu objects were freed at the end of %llu",
                   (unsigned long long)end.done,
                   (unsigned long long)(first.done - thin.done + second.done));
  }
  hx_note(exp->point, "kept_percent", "%.2f", 100.0 * (double)kept / (double)all);
  hx_sample(exp->point, "blowup_x", (double)(second.pages_seen * PAGE_BYTES) / (double)all);
  if (second.pages_free != 0u) {
    hx_sample(exp->point, "external_percent",
              100.0 * (1.0 - (double)second.pages_row / (double)second.pages_free));
  }
  return 0;
}

/* The device's allocator takes what there is before it looks for what is empty, so it is asked with
 * how little it can do: its memory is so many percent of what is live at most. */
int exp3_adversary(struct hx_point *point, exp3_choose *choose)
{
  static const uint32_t room_percent[ROOMS] = {103, 107, 112, 125, 150, 175, 203, 300};
  static struct exp3 exp;
  const uint64_t live = exp3_live_bytes(point), bytes = hx_factor_u64(point, "size");
  const uint32_t teams = teams_of(point);
  const struct exp3_size size = {live, teams * exp3_lanes_on(point), 2u * bytes};
  uint64_t refused = 1;
  int result = 0;
  /* A simulation's memory is not given back, so there it is asked once. */
  for (size_t i = exp3_is_on(point, "sim") ? ROOMS - 1u : 0u; refused != 0u && result == 0; i++) {
    if (i == ROOMS) {
      return hx_fail(point, "%llu allocations failed with three times the memory that is live",
                     (unsigned long long)refused);
    }
    result = open_space(&exp, point, choose, teams, &size);
    if (result == 0) {
      result = adversary(&exp, exp.capacity * 100u / room_percent[i], bytes,
                         hx_factor_u64(point, "stretch"), &refused);
      result = exp3_device_close(&exp, result);
    }
  }
  return result;
}

int exp3_init(struct hx_point *point, exp3_choose *choose)
{
  static struct exp3 exp;
  const struct exp3_size size = {hx_factor_u64(point, "reserve_bytes"), 1, 16};
  int result = 0;
  for (uint32_t taken = 0; result == 0 && exp3_more(point, "init_us", taken); taken++) {
    struct grosr_memory_stats stats;
    result = open_space(&exp, point, choose, 1, &size);
    if (result == 0) {
      result = grosr_memory_stats(exp.g, GROSR_AUTO, &stats);
      if (result < 0) {
        hx_fail(point, "stats: %s", grosr_last_error());
      } else {
        hx_sample(point, "init_us", (double)stats.reserve_ns / 1e3);
      }
      result = exp3_device_close(&exp, result);
    }
  }
  return result;
}
