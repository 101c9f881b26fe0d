/* exp3_measure.h - what is measured of a variant: the run() of each group of variants.
 *
 *   rate      load, size, teams   what allocating and freeing cost (exp3_rates.c)
 *   program   program, teams      loads of known benchmarks (exp3_rates.c)
 *   run       run_bytes, touch    runs of pages, by one team (exp3_rates.c)
 *   by        one of these, of two ways in turns in the same process: speedup_x (exp3_by.c)
 *   fill, spread, adversary       what becomes of the memory (exp3_space.c)
 *   init      reserve_bytes       what it costs that there is memory (exp3_space.c)
 *
 * Each checks its work; what is wrong fails the point. Next: exp3_rates.c */
#pragma once

#include "exp3_device.h"

/* How a variant allocates, once its sizes are known: bytes of an object at most, and of all that
 * is live at once. 0 or negative, with the point's reason. */
typedef int exp3_choose(struct hx_point *point, uint64_t bytes, uint64_t live_bytes, uint32_t teams,
                        struct exp3_way *way);

int exp3_rate(struct hx_point *point, exp3_choose *choose);
int exp3_program(struct hx_point *point, exp3_choose *choose);
int exp3_run(struct hx_point *point, exp3_choose *choose);
int exp3_lanes(struct hx_point *point, exp3_choose *choose);

int exp3_pairs_by(struct hx_point *point, exp3_choose *choose, exp3_choose *other);
int exp3_inline_by(struct hx_point *point, exp3_choose *choose, exp3_choose *other);
int exp3_cross_by(struct hx_point *point, exp3_choose *choose, exp3_choose *other);
int exp3_run_by(struct hx_point *point, exp3_choose *choose, exp3_choose *other);

int exp3_fill(struct hx_point *point, exp3_choose *choose);
int exp3_spread(struct hx_point *point, exp3_choose *choose);
int exp3_adversary(struct hx_point *point, exp3_choose *choose);
int exp3_init(struct hx_point *point, exp3_choose *choose);

/* ---- shared by them: one load, of one point ---- */
struct exp3_load {
  const char *begin, *op, *end; /* ops; NULL: none */
  uint64_t objects, count;      /* of each worker */
  uint64_t bytes, more;
  uint32_t occupancy; /* percent of the memory; 0: as many as `objects` */
  int is_apart;       /* alloc and free are timed apart, and count is not to be changed */
};
/* How many bytes of objects are live at once at most, on this device and tier. */
uint64_t exp3_live_bytes(const struct hx_point *point);
int exp3_is_short(const struct hx_point *point);
/* Fills in the job. */
void exp3_load_set(struct exp3 *exp, const struct exp3_load *load);
/* Finds how many operations make an interval of the usual length: into load->count. */
int exp3_load_calibrate(struct exp3 *exp, struct exp3_load *load);
/* Goes on? The smoke tier and device sim take as few samples as an interval needs. */
int exp3_more(struct hx_point *point, const char *metric, uint32_t taken);
