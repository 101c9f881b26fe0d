/* ingress.h - tasks and control messages come in from the host.
 *
 * One team at a time is *on duty* (I9): it alone reads the two rings of boundary.h. Either team 0
 * is reserved for that (GPU, many CPU teams) and places every task, or any idle team takes the
 * duty, gives it up before it runs a task, and another takes it. One wide read of the leading warp
 * fetches up to GR_INGRESS_WINDOW tasks: many teams polling host memory would saturate PCIe, one
 * trip per task would cost a microsecond each.
 *
 * Called by the leading warp, converged.
 *
 * Next: idle.h (nothing to do), microkernel.h. */
#pragma once

#include "device/account.h"
#include "device/deadline.h"
#include "device/launch.h"
#include "device/trace.h"
#include "shared/relay.h"

/* Reads the tasks that stand ready from `pos` on into team->stage; returns how many. */
GR_DEV uint32_t gr_ring_peek(struct gr_team *team, const struct gr_line *ring, uint32_t shift,
                             uint32_t pos)
{
  const uint32_t lanes = gr_warp_lanes();
  const uint32_t lines = !GR_WITH_BATCHES || lanes < 4u ? 1u : lanes / 4u;
  const uint32_t mask = (1u << shift) - 1u;
  bool all = true;
  gr_warp_barrier(); /* all lanes have read what was staged before */
  for (uint32_t c = gr_warp_lane(); c < 4u * lines; c += lanes) {
    const uint32_t line = c / 4u, part = c % 4u;
    struct gr_chunk chunk;
    all = gr_chunk_try_load_acquire_sys(&ring[(pos + line) & mask].chunk[part],
                                        GR_LAP_TAG(pos + line, shift), &chunk) &&
          all;
    team->stage[line].arg[part] = chunk.arg;
    team->stage[line].head[part] = chunk.head;
  }
  const uint64_t missing = (uint64_t)gr_warp_ballot(!all) | (1ull << lanes);
  gr_warp_barrier(); /* stage is written by all lanes and read by all */
  if (lines == 1u) {
    return (missing & ((1ull << lanes) - 1u)) == 0u ? 1u : 0u;
  }
  return gr_bits_lowest_u64(missing) / 4u;
}

/* Looks into the ingress ring; what it sees stays staged until it is taken. */
GR_DEV uint32_t gr_ingress_peek(struct gr_lead *lead)
{
  lead->staged =
      gr_ring_peek(lead->team, lead->dev->ingress, lead->dev->ingress_shift, lead->ingress_pos);
  return lead->staged;
}

/* Tells the host how far the ring has been read: those slots are its own again (I2). */
GR_DEV void gr_ingress_publish(struct gr_lead *lead)
{
  if (gr_warp_lane() == 0u && lead->team->published_pos != lead->ingress_pos) {
    lead->team->published_pos = lead->ingress_pos;
    gr_store_release_sys_u32(&lead->dev->boundary->ingress_head, lead->ingress_pos);
  }
}

GR_DEV void gr_ingress_advance(struct gr_lead *lead, uint32_t count)
{
  lead->ingress_pos += count;
  lead->staged = 0u;
  if (gr_warp_lane() == 0u &&
      lead->ingress_pos - lead->team->published_pos >= GR_PUBLISH_TASKS) {
    gr_ingress_publish(lead);
  }
}

/* The next look at control is not held up by the clock gate. */
GR_DEV void gr_control_soon(struct gr_team *team)
{
  if (gr_warp_lane() == 0u) {
    team->control_next_ns = 0u;
  }
}

/* Takes the duty if it is free. Lane 0 acquires it, so lane 0 reads what came with it. */
GR_DEV bool gr_duty_try_take(struct gr_lead *lead)
{
  struct gr_dev *dev = lead->dev;
  uint32_t got = 0u, ingress_pos = 0u, control_pos = 0u;
  if (gr_warp_lane() == 0u && gr_load_relaxed_gpu_u32(&dev->duty) == 0u) {
    got = gr_cas_acquire_gpu_u32(&dev->duty, 0u, lead->team->id + 1u) == 0u;
    if (got != 0u) {
      ingress_pos = lead->team->published_pos = dev->ingress_pos;
      control_pos = dev->control_pos;
    }
  }
  if (gr_lead_u32(got) == 0u) {
    return false;
  }
  lead->on_duty = true;
  lead->ingress_pos = gr_lead_u32(ingress_pos);
  lead->control_pos = gr_lead_u32(control_pos);
  gr_control_soon(lead->team);
  return true;
}

/* Gives it up. Who goes on to work then rouses an idle team, which may be asleep and has to take
 * over (it sets its idle bit, then looks at the duty: I8). */
GR_DEV void gr_duty_give(struct gr_lead *lead)
{
  struct gr_dev *dev = lead->dev;
  gr_ingress_publish(lead);
  if (lead->is_managed) {
    gr_credit_publish(dev);
  }
  lead->on_duty = false;
  lead->staged = 0u; /* what was seen in the ring is the next one's to take */
  if (gr_warp_lane() == 0u) {
    dev->ingress_pos = lead->ingress_pos;
    dev->control_pos = lead->control_pos;
    gr_store_release_gpu_u32(&dev->duty, 0u);
  }
}

/* Everybody is to leave; who waits is woken. (A message to ourselves is never read: we leave too.)
 */
GR_DEV void gr_control_stop(struct gr_lead *lead)
{
  if (gr_warp_lane() == 0u) {
    gr_store_relaxed_gpu_u32(&lead->dev->run, (uint32_t)GR_RUN_STOP);
  }
  while (gr_sched_rouse(lead->team, 64u) != 0u) {
  }
}

/* One lane. A context's settings, as packed in shared/context.h. */
GR_DEV_APART void gr_control_context(struct gr_dev *dev, const struct gr_task *message)
{
  const uint32_t index = (uint32_t)message->arg[0] & (GR_CONTEXTS_MAX - 1u);
  const uint32_t priority = (uint32_t)(message->arg[0] >> 8) & 0xffu;
  const uint32_t state = (uint32_t)(message->arg[0] >> 16) & 0xffu;
  const uint32_t managed = (uint32_t)(message->arg[0] >> 24) & 0xffu;
  const uint32_t quota = (uint32_t)message->arg[1];
  struct gr_context *context = &dev->context[index];
  if ((state & GR_CONTEXT_FRESH) != 0u) { /* nothing of it is in flight */
    gr_store_relaxed_gpu_u64(&context->served, 0u);
    gr_store_relaxed_gpu_u64(&context->served_ns, 0u);
    gr_store_relaxed_gpu_u64(&context->wait_ns, 0u);
    gr_store_relaxed_gpu_u64(&context->vtime_ns, 0u);
  }
  gr_store_relaxed_gpu_u32(&context->weight, (uint32_t)(message->arg[1] >> 32));
  gr_store_relaxed_gpu_u32(&context->priority, priority);
  gr_store_relaxed_gpu_u32(&context->quota, quota);
  gr_store_relaxed_gpu_u32(&context->state, state & ~GR_CONTEXT_FRESH);
  gr_store_relaxed_gpu_u64(&context->slice_ns, message->arg[2]);
  const uint64_t bit = 1ull << index;
  const uint64_t others = gr_load_own_u64(&dev->restricted) & ~bit;
  const bool is_restricted = (state & ~GR_CONTEXT_FRESH) != 0u || quota < dev->teams;
  gr_store_relaxed_gpu_u64(&dev->restricted, is_restricted ? others | bit : others);
  gr_store_relaxed_gpu_u64(&dev->open, message->arg[3]);
  gr_store_relaxed_gpu_u32(&dev->managed, managed);
  if ((state & GR_CONTEXT_KILLED) != 0u) {
    gr_deadline_say(dev, 0u); /* what it has parked at channels is over */
  }
}

GR_DEV void gr_control_carry_out(struct gr_lead *lead, const struct gr_task *message)
{
  struct gr_dev *dev = lead->dev;
  if (message->op == GR_CTL_STOP) {
    gr_control_stop(lead);
  } else if (message->op == GR_CTL_CONTEXT) {
    if (gr_warp_lane() == 0u) {
      gr_control_context(dev, message);
    }
    gr_sched_rouse(lead->team, 64u); /* its tasks may be served from now on */
  } else if (gr_warp_lane() == 0u) {
    if (message->op == GR_CTL_CANCEL) {
      gr_store_relaxed_gpu_u32(&dev->cancel[message->arg[0]], (uint32_t)message->arg[1]);
      gr_store_relaxed_gpu_u32(&dev->cancel_live, 1u);
    } else if (message->op == GR_CTL_RELAY) {
      gr_store_relaxed_gpu_u64(&dev->relay->granted, message->arg[0]);
    } else if (message->op == GR_CTL_TRACE) {
      gr_store_relaxed_gpu_u32(&dev->tracing, (uint32_t)message->arg[0]);
      gr_trace_look_on(lead->team);
    } else if (message->op == GR_CTL_POLICY) {
      gr_store_relaxed_gpu_u32(&dev->policy, (uint32_t)message->arg[0]);
    } else {
      gr_assert_file(lead->team, GR_FILE_INGRESS, false, message->op);
    }
  }
}

/* Carries out all that the host asks for, no more often than the clock gate allows. All: a team
 * that falls asleep after this look is woken only for messages that come later. True: it was told
 * to stop, and must not wait for anything any more. */
GR_DEV bool gr_control_step(struct gr_lead *lead)
{
  struct gr_dev *dev = lead->dev;
  bool is_stop = false;
  if (!lead->drowsy && gr_launched_is_due(dev)) { /* drowsy: gr_idle is about to look */
    gr_launched_collect(lead->team);
  }
  if (dev->control_poll_ns != 0u) {
    uint32_t is_early = 0u;
    if (gr_warp_lane() == 0u) {
      const uint64_t now = gr_clock_ns();
      is_early = now < lead->team->control_next_ns ? 1u : 0u;
      if (is_early == 0u) {
        lead->team->control_next_ns = now + dev->control_poll_ns;
      }
    }
    if (gr_lead_u32(is_early) != 0u) {
      return false;
    }
  }
  for (uint32_t seen = 0u; seen < GR_CONTROL_SLOTS;) {
    const uint32_t count =
        gr_ring_peek(lead->team, dev->boundary->control, GR_CONTROL_SHIFT, lead->control_pos);
    if (count == 0u) {
      break;
    }
    for (uint32_t i = 0u; i < count; i++) {
      is_stop = is_stop || lead->team->stage[i].op == GR_CTL_STOP;
      gr_control_carry_out(lead, &lead->team->stage[i]);
    }
    seen += count;
    lead->control_pos += count;
    if (gr_warp_lane() == 0u) {
      gr_store_release_sys_u32(&dev->boundary->control_head, lead->control_pos);
    }
  }
  return is_stop;
}

/* Places what is staged, oldest first; returns how many found room. The rest stays in the ring,
 * where the host sees it as a full ring. */
GR_DEV uint32_t gr_ingress_place(struct gr_lead *lead)
{
  const uint32_t count = lead->staged;
  uint32_t placed = 0u;
  while (placed < count && gr_sched_place(lead->team, &lead->team->stage[placed]) == GR_OK) {
    placed++;
  }
  gr_ingress_advance(lead, placed);
  return placed;
}

/* Not reserved, several tenants: sorts what has come into their queues, where the policy decides.
 * All of it: what is left in the ring, the policy does not see. T1 and T2 see to it that there is
 * room, so that it is never one tenant's flood that others wait behind. */
GR_DEV void gr_ingress_sort(struct gr_lead *lead)
{
  uint32_t sorted = 0u;
  while (sorted >> lead->dev->ingress_shift == 0u &&
         (lead->staged != 0u || gr_ingress_peek(lead) != 0u)) {
    const uint32_t placed = gr_ingress_place(lead);
    if (placed == 0u) {
      return;
    }
    sorted += placed;
  }
}

/* Not reserved, several teams: before a team runs a task it lets another have the duty. In latency
 * mode nobody sleeps and an idle team sees the free duty; otherwise one is woken for it. */
GR_DEV void gr_duty_pass(struct gr_lead *lead)
{
  gr_duty_give(lead);
  if (lead->dev->idle_mode != GR_IDLE_LATENCY) {
    gr_sched_rouse(lead->team, 1u);
  }
}
