/* test_arrivals.c - open-loop arrivals against servers in virtual time: every read of the clock
 * takes READ_NS, a server serves one operation after the other, and one of them may stall.
 * Next: test_run.c */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "arrivals.h"
#include "point.h"
#include "stats.h"

#define READ_NS  50u
#define COUNT    20000u
#define STALL_NS 10000000u

static const struct hx_metric metrics[] = {{"time_us", "us"}, {0}};
static const struct hx_variant variants[] = {{"a", "cpu", NULL, NULL, ""}, {0}};
static const struct hx_experiment experiment = {"exp9_x", "x", metrics, NULL, variants, NULL, NULL};
static struct hx_plan plan;
static uint64_t clock_ns;

static void open_point(struct hx_point *point)
{
  const struct hx_sweep_wish wish = {"cpu", "smoke", NULL, NULL, 0};
  struct hx_why why;
  cr_assert_eq(hx_sweep_plan(&experiment, &wish, &plan, &why), 0);
  const struct hx_point_setup setup = {&plan, 0, 0, "cpu", "smoke", 1, 1000000000u, 10};
  cr_assert_eq(hx_point_init(point, &setup), 0);
}

static void close_point(struct hx_point *point)
{
  hx_point_fini(point);
  hx_sweep_fini(&plan);
}

static uint64_t read_clock(void)
{
  return clock_ns += READ_NS;
}

struct server {
  uint64_t service_ns;
  uint64_t stall_at;  /* the operation that takes STALL_NS more; COUNT: none */
  uint64_t room;      /* operations that it has at a time */
  uint64_t submit_ns; /* that submitting costs the generator */
  uint64_t free_ns;
  uint64_t submitted_ns[COUNT];
  uint64_t done_ns[COUNT];
  int answer; /* of submit, unless 0 */
};

static int submit(void *state, uint64_t i)
{
  struct server *server = state;
  if (server->answer != 0)
    return server->answer;
  if (i >= server->room && server->done_ns[i - server->room] > clock_ns)
    return -EAGAIN;
  clock_ns += server->submit_ns;
  const uint64_t begin_ns = server->free_ns > clock_ns ? server->free_ns : clock_ns;
  server->submitted_ns[i] = clock_ns;
  server->free_ns = begin_ns + server->service_ns + (i == server->stall_at ? STALL_NS : 0);
  server->done_ns[i] = server->free_ns;
  return 0;
}

static int done(void *state, uint64_t i)
{
  const struct server *server = state;
  return server->done_ns[i] <= clock_ns;
}

static struct server *make_server(uint64_t stall_at, uint64_t room)
{
  struct server *server = calloc(1, sizeof(*server));
  cr_assert_not_null(server);
  server->service_ns = 1000;
  server->stall_at = stall_at;
  server->room = room;
  return server;
}

static struct hx_arrivals half_load(struct server *server)
{
  return (struct hx_arrivals){.metric = "time_us",
                              .rate_s = 5e5,
                              .count = COUNT,
                              .submit = submit,
                              .done = done,
                              .state = server,
                              .now_ns = read_clock};
}

static size_t above(const double *value, size_t count, double limit)
{
  size_t found = 0;
  for (size_t i = 0; i < count; i++)
    found += value[i] > limit;
  return found;
}

/* 10 ms at half a million a second, and as long again to catch up: 10000 operations are late. */
Test(arrivals, a_stall_of_the_server_is_in_the_latency_of_all_who_wait_behind_it)
{
  static const uint64_t rooms[] = {COUNT, 1}; /* it takes everything; it takes one at a time */
  for (size_t k = 0; k < 2; k++) {
    struct hx_point point;
    struct hx_arrivals_report report;
    struct hx_stats stats;
    struct server *server = make_server(5000, rooms[k]);
    const struct hx_arrivals load = half_load(server);
    open_point(&point);
    cr_assert_eq(hx_arrivals_run(&point, &load, &report), 0);
    const struct hx_series *series = &point.series[0];
    cr_assert_eq(series->count, COUNT);
    const size_t late = above(series->value, COUNT, 1000.0);
    cr_assert(late > 8000 && late < 11000, "%zu above 1 ms", late);
    hx_stats_compute(series->value, COUNT, &stats);
    cr_assert(stats.p99 > 9000.0 && stats.max > 10000.0 && stats.max < 10100.0, "%g", stats.p99);
    /* Counted from the submission, a server that takes one at a time would show one of them. */
    size_t coordinated = 0;
    for (size_t i = 0; i < COUNT; i++)
      coordinated += server->done_ns[i] - server->submitted_ns[i] > 1000000u;
    cr_assert(rooms[k] == COUNT || coordinated == 1, "%zu", coordinated);
    cr_assert(!report.behind);
    cr_assert_eq(report.full > 0, rooms[k] == 1);
    cr_assert_eq(report.late_us_max > 9000.0, rooms[k] == 1);
    cr_assert(fabs(report.achieved_s - 5e5) < 5e3, "%g", report.achieved_s);
    close_point(&point);
    free(server);
  }
}

Test(arrivals, a_steady_server_at_half_load_has_no_tail)
{
  struct hx_point point;
  struct hx_arrivals_report report;
  struct server *server = make_server(COUNT, COUNT);
  const struct hx_arrivals load = half_load(server);
  open_point(&point);
  cr_assert_eq(hx_arrivals_run(&point, &load, &report), 0);
  cr_assert_eq(above(point.series[0].value, COUNT, 1.5), 0);
  cr_assert_eq(point.note_count, 1);
  cr_assert_str_eq(point.note[0].key, "time_us.load");
  cr_assert_not_null(strstr(point.note[0].value, "constant: offered 500000/s, achieved"));
  close_point(&point);
  free(server);
}

Test(arrivals, poisson_gaps_are_exponential_and_their_own_in_every_round)
{
  static uint64_t due_ns[2][COUNT];
  const struct hx_arrivals load = {.rate_s = 5e5, .poisson = true, .count = COUNT};
  struct hx_arrivals next = load;
  double sum = 0.0;
  double squares = 0.0;
  hx_arrivals_schedule(&load, 7, due_ns[0]);
  for (size_t i = 1; i < COUNT; i++) {
    const double gap_ns = (double)(due_ns[0][i] - due_ns[0][i - 1]);
    sum += gap_ns;
    squares += gap_ns * gap_ns;
  }
  const double mean_ns = sum / (COUNT - 1);
  cr_assert(fabs(mean_ns - 2000.0) < 60.0, "%g", mean_ns);
  const double spread = sqrt(squares / (COUNT - 1) - mean_ns * mean_ns) / mean_ns;
  cr_assert(fabs(spread - 1.0) < 0.05, "%g", spread);
  hx_arrivals_schedule(&load, 7, due_ns[1]);
  cr_assert_eq(memcmp(due_ns[0], due_ns[1], sizeof(due_ns[0])), 0, "one seed, two schedules");
  next.round = 1;
  hx_arrivals_schedule(&next, 7, due_ns[1]);
  cr_assert_neq(memcmp(due_ns[0], due_ns[1], sizeof(due_ns[0])), 0);
}

Test(arrivals, a_generator_that_falls_behind_keeps_no_sample_and_says_so)
{
  struct hx_point point;
  struct hx_arrivals_report report;
  struct server *server = make_server(COUNT, COUNT);
  server->submit_ns = 3000; /* and one is due every 2000 */
  const struct hx_arrivals load = half_load(server);
  open_point(&point);
  cr_assert_eq(hx_arrivals_run(&point, &load, &report), 0);
  cr_assert(report.behind);
  cr_assert_eq(point.series[0].count, 0);
  cr_assert_not_null(strstr(point.note[0].value, "the generator itself fell behind"));
  close_point(&point);
  free(server);
}

Test(arrivals, all_due_at_once_gives_what_the_server_can_do)
{
  struct hx_point point;
  struct hx_arrivals_report report;
  struct server *server = make_server(COUNT, 64);
  struct hx_arrivals load = half_load(server);
  load.rate_s = 0.0;
  load.metric = NULL;
  open_point(&point);
  cr_assert_eq(hx_arrivals_run(&point, &load, &report), 0);
  cr_assert(fabs(report.achieved_s - 1e6) < 1e4, "%g", report.achieved_s);
  cr_assert(!report.behind && report.full > 0);
  cr_assert_eq(point.note_count, 0);
  close_point(&point);
  free(server);
}

Test(arrivals, what_cannot_go_on_ends)
{
  struct hx_point point;
  struct hx_arrivals_report report;
  struct server *server = make_server(COUNT, COUNT);
  struct hx_arrivals load = half_load(server);
  open_point(&point);
  server->answer = -EIO;
  cr_assert_eq(hx_arrivals_run(&point, &load, &report), -EIO);
  server->answer = -EAGAIN; /* for ever; the clock is the test's, so 10 s take a moment */
  load.count = 10;
  clock_ns = 0;
  cr_assert_eq(hx_arrivals_run(&point, &load, &report), -ETIMEDOUT);
  cr_assert_gt(clock_ns, HX_ARRIVALS_STUCK_NS);
  cr_assert_eq(point.verdict, HX_POINT_OK);
  load.count = 0;
  cr_assert_lt(hx_arrivals_run(&point, &load, &report), 0);
  cr_assert_eq(point.verdict, HX_POINT_FAILED);
  cr_assert_eq(point.series[0].count, 0);
  close_point(&point);
  free(server);
}
