/* device.h - what an op may use: everything an image includes.
 *
 * An op is a function that a whole *team* runs together: one thread on the CPU, a warp or a thread
 * block on a GPU. It is C that both a C11 compiler and nvcc accept (CONTRIBUTING.md tells
 * what that is):
 *
 *   #include <grosr/device.h>
 *   GR_DEV int32_t scale(struct gr_team *team)
 *   {
 *     float *x = gr_arg_ptr(team, 0, float);
 *     uint32_t n = (uint32_t)gr_arg_u64(team, 1);
 *     for (uint32_t i = gr_lane(); i < n; i += gr_lanes()) {
 *       x[i] *= 2.0f;
 *     }
 *     return GR_OK;
 *   }
 *   #define OPS(OP) OP(scale)
 *   GR_IMAGE(example, OPS)
 *
 * Lanes:       gr_lane(), gr_lanes(), gr_team_barrier()                    port/port.h
 * Collectives: gr_team_{broadcast,sum,min,max,scan}_u64(team, value)       device/collective.h
 * Arguments:   gr_arg_u64(team, i), gr_arg_ptr(team, i, type)              device/team.h
 * Scratch:     gr_scratch(team), gr_scratch_bytes(team)                    device/team.h
 * Tiles:       gr_tile_first(team), gr_tile_end(team), gr_tiles(team)      device/team.h
 * Who:         gr_team_id(team), gr_teams(team), gr_incarnation(team)      device/team.h
 * Time:        gr_clock_ns()                                               port/port.h
 * New tasks:   gr_task_make, gr_submit_team, gr_fork_team                  device/submit.h
 * Events:      gr_event_signal_team, gr_submit_after_team                 device/event.h
 * Channels:    gr_channel_try_{send,receive}_team                         device/channel.h
 *              gr_channel_{send,receive}_then_team, gr_channel_status,
 *              gr_channel_close_team                                      device/channel_then.h
 * Graphs:      gr_graph_task, gr_graph_launch_team                         device/graph.h
 *              gr_graph_build_team                                         device/graph_build.h
 * Memory:      gr_alloc, gr_calloc, gr_alloc_aligned, gr_realloc, gr_free,
 *              gr_alloc_fixed, gr_alloc_why, gr_alloc_bytes                device/alloc.h
 *              gr_alloc_many_team, gr_alloc_each_team, gr_free_many_team   device/alloc_team.h
 *              gr_alloc_or_wait_team                                       device/alloc_wait.h
 *              gr_handles_open, gr_handle_alloc, gr_handle_pin, gr_handle_unpin,
 *              gr_handle_free, gr_handles_close                            device/handle.h
 *              gr_handles_compact_team                                     device/compact.h
 * The host:    gr_call_make, gr_call, gr_call_post, gr_call_poll, gr_call_wait,
 *              gr_call_then_team, gr_call_result                           device/relay.h
 * Kernels:     gr_launch_task, to be submitted or forked                  device/launch.h
 * Telling:     gr_signal_team, gr_cancelled_team                           device/submit.h
 * Checking:    gr_assert                                                   device/fault.h
 *
 * A function ending in _team is entered by the whole team, converged. The return value of the op
 * (of lane 0) is the task's result: negative means failed. An op must return, with every lane; one
 * that runs longer than op_ns_max is found by the watchdog.
 *
 * Next: device/microkernel.h (who calls an op). */
#pragma once

#include "port/port.h"
#include "shared/dev.h"
#include "device/team.h"
#include "device/fault.h"
#include "device/collective.h"
#include "device/submit.h"
#include "device/graph.h"
#include "device/graph_build.h"
#include "device/alloc_team.h"
#include "device/alloc_wait.h"
#include "device/compact.h"
#include "device/microkernel.h"
#include "device/image.h"
