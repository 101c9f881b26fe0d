/* exp_pipeline.c - see exp_pipeline.h. Next: exp0_runtime_loop.c */
#include "exp_pipeline.h"

#include <errno.h>

#define CHUNK_PARTS 4u /* chunks in a window: one is waited for while three are in flight */

static int send_chunk(struct exp_pipeline *pipeline, uint64_t first, uint64_t count)
{
  grosr_ticket *ticket = &pipeline->ticket[first % EXP_WINDOW_MAX];
  pipeline->fill(pipeline->state, first, count, pipeline->task);
  const int64_t sent =
      grosr_submit_many(pipeline->g, pipeline->task, count, pipeline->wait_ns, ticket);
  return sent == (int64_t)count ? 0 : sent < 0 ? (int)sent : -EAGAIN;
}

static int wait_chunk(struct exp_pipeline *pipeline, uint64_t first, uint64_t count)
{
  const grosr_ticket *ticket = &pipeline->ticket[first % EXP_WINDOW_MAX];
  const int64_t done =
      grosr_wait_many(pipeline->g, ticket, count, pipeline->wait_ns, pipeline->result);
  if (done != (int64_t)count) {
    return done < 0 ? (int)done : -ETIMEDOUT;
  }
  for (uint64_t k = 0; k < count; k++) {
    if (pipeline->result[k] < 0) {
      return pipeline->result[k];
    }
  }
  return pipeline->seen == NULL ? 0 : pipeline->seen(pipeline->state, first, count);
}

/* A power of two, so that chunks divide the ring of tickets and none is split. */
static uint64_t chunk_of(uint64_t window)
{
  uint64_t chunk = 1;
  while (chunk * 2u * CHUNK_PARTS <= window) {
    chunk *= 2u;
  }
  return chunk;
}

int exp_pipeline_run(struct exp_pipeline *pipeline, uint64_t tasks)
{
  const uint64_t chunk = chunk_of(pipeline->window);
  uint64_t sent = 0;
  uint64_t waited = 0;
  int result = 0;
  while (waited < tasks && result == 0) {
    const uint64_t next = tasks - sent < chunk ? tasks - sent : chunk;
    if (next > 0u && sent + next - waited <= pipeline->window) {
      result = send_chunk(pipeline, sent, next);
      sent += next;
    } else {
      const uint64_t oldest = sent - waited < chunk ? sent - waited : chunk;
      result = wait_chunk(pipeline, waited, oldest);
      waited += oldest;
    }
  }
  return result;
}
