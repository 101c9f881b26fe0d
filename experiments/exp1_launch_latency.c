/* exp1_launch_latency.c - the paper's experiment 1: how long a task takes to start and to come
 * back, and how many a second, by every way of getting one run that this machine has.
 *
 * This file is the table; what a variant does stands at the head of its file. The latencies are
 * measured at the point with one task in a window of one, where they mean what they say; the other
 * points have the throughput. All variants run the same body (exp1_body.h), are checked in full,
 * and take turns in one run, so that they can be compared. Next: exp1.h */
#include "exp1.h"
#include "exp_device.h"

static const struct hx_metric metrics[] = {
    {"start_latency_us", "us"}, {"roundtrip_us", "us"}, {"throughput_tasks_s", "tasks/s"}, {0}};

/* One task alone, a load that a cache holds, and the paper's million. */
static const struct hx_factor factors[] = {{"tasks", "1,1e3,1e6", "1,1e1,1e2,1e3,1e4,1e5,1e6"},
                                           {"window", "1,4,16,64,256,1024", NULL},
                                           {0}};

#define BOTH "tasks,window"
static const struct hx_variant variants[] = {
    {"grosr_host", "any", NULL, exp1_run_grosr_host, BOTH},
    {"grosr_device", "any", NULL, exp1_run_grosr_device, BOTH},
    {"spin_floor", "cpu", exp1_probe_two_cores, exp1_run_spin_floor, BOTH},
    {"futex_wake", "cpu", exp1_probe_two_cores, exp1_run_futex_wake, BOTH},
    {"pthread", "cpu", NULL, exp1_run_pthread, BOTH},
    {"openmp_task", "cpu", exp1_probe_openmp, exp1_run_openmp_task, BOTH},
    {"openmp_task_all", "cpu", exp1_probe_openmp, exp1_run_openmp_task_all, "tasks"},
    {"openmp_parallel", "cpu", exp1_probe_openmp, exp1_run_openmp_parallel, BOTH},
    {"pocl", "cpu", exp1_probe_pocl, exp1_run_pocl, BOTH},
    {"flag_floor", "cuda", exp1_probe_cuda, exp1_run_flag_floor, ""},
    {"l2_floor", "cuda", exp1_probe_cuda, exp1_run_l2_floor, ""},
    {"stream_sync", "cuda", exp1_probe_cuda, exp1_run_stream_sync, "tasks"},
    {"stream_pipelined", "cuda", exp1_probe_cuda, exp1_run_stream_pipelined, BOTH},
    {"graph", "cuda", exp1_probe_cuda, exp1_run_graph, BOTH},
    {"pdl", "cuda", exp1_probe_pdl, exp1_run_pdl, BOTH},
    {"cdp", "cuda", exp1_probe_cuda, exp1_run_cdp, BOTH},
    {"device_graph", "cuda", exp1_probe_cuda, exp1_run_device_graph, BOTH},
    {0}};

int main(int argc, char **argv)
{
  static const struct hx_experiment experiment = {
      "exp1_launch_latency",
      "dispatch latency and throughput, by every way to run a task",
      metrics,
      factors,
      variants,
      exp_device_probe};
  return hx_main(argc, argv, &experiment);
}
