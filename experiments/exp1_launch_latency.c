/* exp1_launch_latency.c - the paper's experiment 1: how long a task takes to start and to come
 * back, and how many a second, by every way of getting one run that this machine has.
 *
 * This file is the table, less the variants, which differ between the two binaries
 * (exp1_variants.c, exp1_variants_sim.c); what a variant does stands at the head of its file. The
 * latencies are measured at the point with one task in a window of one, where they mean what they
 * say; the other points have the throughput, the variants _open the latency under load, replay_ the
 * time of a node of a graph, grosr_fork_join and openmp_tasks what a recursive fork and join can do
 * on one team or thread. All variants run the same body (exp1_body.h), are checked in full, and
 * take turns in one run, so that they can be compared. Next: exp1.h */
#include "exp1.h"
#include "exp_device.h"

static const struct hx_metric metrics[] = {
    {"start_latency_us", "us"},
    {"roundtrip_us", "us"},
    {"roundtrip_many_us", "us"},
    {"throughput_tasks_s", "tasks/s"},
    {"loaded_latency_us", "us"},
    {"node_us", "us"},
    {"bubble_us", "us"},
    {"leaves_per_s", "leaves/s"},
    {0}};

/* One task alone, a load that a cache holds, and the paper's million; for the open loads, how much
 * of what they can do is offered; for the graphs their form, size, and the work of a node; for
 * forks the leaves of the tree, and how many tasks one forks. */
static const struct hx_factor factors[] = {
    {"tasks", "1,1e3,1e6", "1,1e1,1e2,1e3,1e4,1e5,1e6", "1,1e2,1e3"},
    {"window", "1,4,16,64,256,1024", NULL, "1,4,16"},
    {"offered_pct", "50,80,95", NULL, NULL},
    {"arrivals", "poisson,constant", NULL, NULL},
    {"shape", "chain,fan", NULL, NULL},
    {"nodes", "1e1,1e3", "1e1,1e2,1e3,1e4", "1e1"},
    {"teams", "1,2,4,16", "1,2,4,8,16,32", "1,2,4"},
    {"leaves", "1e3,1e4", "1e3,1e4,1e6", "1e2"},
    {"fan", "2,64", NULL, "2"},
    {"work_us", "0,10", "0,1,10,100", "0,1"},
    {0}};

int main(int argc, char **argv)
{
  static const struct hx_experiment experiment = {
      .name = "exp1_launch_latency",
      .title = "dispatch latency and throughput, by every way to run a task",
      .metrics = metrics,
      .factors = factors,
      .variants = exp1_variants};
  return exp_main(argc, argv, &experiment);
}
