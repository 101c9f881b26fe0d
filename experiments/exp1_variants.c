/* exp1_variants.c - the variants of exp1 on real devices: GROSR's own and every baseline. Next:
 * exp1_variants_sim.c */
#include "exp1.h"

#define BOTH EXP1_BOTH
const struct hx_variant exp1_variants[] = {
    EXP1_GROSR_VARIANTS,
    {"spin_floor", "cpu", exp1_probe_two_cores, exp1_run_spin_floor, BOTH},
    {"futex_wake", "cpu", exp1_probe_two_cores, exp1_run_futex_wake, BOTH},
    {"pthread", "cpu", NULL, exp1_run_pthread, BOTH},
    {"openmp_task", "cpu", exp1_probe_openmp, exp1_run_openmp_task, BOTH},
    {"openmp_task_all", "cpu", exp1_probe_openmp, exp1_run_openmp_task_all, "tasks"},
    {"openmp_parallel", "cpu", exp1_probe_openmp, exp1_run_openmp_parallel, BOTH},
    {"pocl", "cpu", exp1_probe_pocl, exp1_run_pocl, BOTH},
    {"grosr_open", "any", NULL, exp1_run_grosr_open, EXP1_OPEN},
    {"spin_open", "cpu", exp1_probe_two_cores, exp1_run_spin_open, EXP1_OPEN},
    {"grosr_fork_join", "cpu", NULL, exp1_run_grosr_fork_join, EXP1_FORK},
    {"openmp_tasks", "cpu", exp1_probe_openmp, exp1_run_openmp_tasks, EXP1_FORK},
    {"replay_grosr_full", "cpu", NULL, exp1_run_replay_grosr_full, EXP1_REPLAY},
    {"replay_serial", "cpu", NULL, exp1_run_replay_serial, EXP1_REPLAY},
    {"replay_spin", "cpu", exp1_probe_two_cores, exp1_run_replay_spin, EXP1_REPLAY},
    {"replay_openmp", "cpu", exp1_probe_openmp, exp1_run_replay_openmp, EXP1_REPLAY},
    {"replay_tbb", "cpu", exp1_probe_replay_tbb, exp1_run_replay_tbb, EXP1_REPLAY},
    {"flag_floor", "cuda", exp1_probe_cuda, exp1_run_flag_floor, ""},
    {"l2_floor", "cuda", exp1_probe_cuda, exp1_run_l2_floor, ""},
    {"stream_sync", "cuda", exp1_probe_cuda, exp1_run_stream_sync, "tasks"},
    {"stream_pipelined", "cuda", exp1_probe_cuda, exp1_run_stream_pipelined, BOTH},
    {"graph", "cuda", exp1_probe_cuda, exp1_run_graph, BOTH},
    {"pdl", "cuda", exp1_probe_pdl, exp1_run_pdl, BOTH},
    {"cdp", "cuda", exp1_probe_cuda, exp1_run_cdp, BOTH},
    {"device_graph", "cuda", exp1_probe_cuda, exp1_run_device_graph, BOTH},
    {"replay_stream", "cuda", exp1_probe_cuda, exp1_run_replay_stream, EXP1_REPLAY},
    {"replay_graph", "cuda", exp1_probe_cuda, exp1_run_replay_graph, EXP1_REPLAY},
    {"replay_pdl", "cuda", exp1_probe_pdl, exp1_run_replay_pdl, EXP1_REPLAY},
    {"replay_grid", "cuda", exp1_probe_cuda, exp1_run_replay_grid, EXP1_REPLAY},
    {0}};
