/* test_relay_image.c - ops that ask the host, for test_device_relay.c.
 *
 * Argument 0 is a struct relay_job in shared memory. Next: test_device_relay.c. */
#include <grosr/device.h>

#include "test_relay.h"

#define RELAY_OPS(OP) OP(ask) OP(ask_lanes) OP(ask_then) OP(answered) OP(sum_begin) OP(sum_more)
GR_OP_IDS(RELAY_OPS)

/* Lane 0 makes the job's call and waits; its result goes into the job. */
GR_DEV int32_t ask(struct gr_team *team)
{
  struct relay_job *job = gr_arg_ptr(team, 0, struct relay_job);
  if (gr_lane() == 0u) {
    job->result = gr_call(team, &job->call);
  }
  gr_team_barrier();
  return GR_OK;
}

/* Every lane makes argument 2 calls of its own, odd ones later than even ones: returns how many
 * were answered by 0. */
GR_DEV int32_t ask_lanes(struct gr_team *team)
{
  const struct gr_call call = gr_call_make(team, GR_CALL_NULL);
  uint64_t good = 0u;
  for (uint64_t i = 0u; i < gr_arg_u64(team, 2); i++) {
    if (gr_lane() % 2u == i % 2u) {
      good += gr_call(team, &call) == 0;
    }
  }
  for (uint64_t i = 0u; i < gr_arg_u64(team, 2); i++) {
    if (gr_lane() % 2u != i % 2u) {
      good += gr_call(team, &call) == 0;
    }
  }
  return (int32_t)gr_team_sum_u64(team, good);
}

/* Nobody waits: `answered` completes the ticket. */
GR_DEV int32_t ask_then(struct gr_team *team)
{
  const struct relay_job *job = gr_arg_ptr(team, 0, struct relay_job);
  struct gr_task then = gr_task_make(team, GR_ID(answered));
  then.arg[0] = gr_arg_u64(team, 0);
  return gr_call_then_team(team, &job->call, &then);
}
GR_DEV int32_t answered(struct gr_team *team)
{
  struct relay_job *job = gr_arg_ptr(team, 0, struct relay_job);
  if (gr_lane() == 0u) {
    job->result = gr_call_result(team);
  }
  return 7;
}

/* The sum of a file's bytes, a piece at a time; no team waits for the disk. */
GR_DEV int32_t sum_ask(struct gr_team *team, struct relay_job *job)
{
  struct gr_task then = gr_task_make(team, GR_ID(sum_more));
  struct gr_call call = job->call;
  then.arg[0] = gr_arg_u64(team, 0);
  call.offset = job->done;
  return gr_call_then_team(team, &call, &then);
}
GR_DEV int32_t sum_begin(struct gr_team *team)
{
  return sum_ask(team, gr_arg_ptr(team, 0, struct relay_job));
}
GR_DEV int32_t sum_more(struct gr_team *team)
{
  struct relay_job *job = gr_arg_ptr(team, 0, struct relay_job);
  const int64_t bytes = gr_call_result(team);
  const unsigned char *piece = (const unsigned char *)(uintptr_t)job->call.address;
  uint64_t sum = 0u;
  for (int64_t i = (int64_t)gr_lane(); i < bytes; i += (int64_t)gr_lanes()) {
    sum += piece[i];
  }
  sum = gr_team_sum_u64(team, sum);
  if (gr_lane() == 0u) {
    job->sum += sum;
    job->done += bytes > 0 ? (uint64_t)bytes : 0u;
    job->result = bytes;
  }
  gr_team_barrier();
  return bytes > 0 ? sum_ask(team, job) : (int32_t)bytes;
}

GR_IMAGE(relay_test, RELAY_OPS)
