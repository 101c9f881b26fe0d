/* context.c - contexts as tenants: open, settings, pause, kill, close, what they had (grosr.h).
 *
 * The host keeps what it last told the device of each context; a change is one control message with
 * all of it (shared/context.h), sent under the context lock. Whether the policy has anything to
 * decide ("managed") goes with it: there are several tenants, or somebody has set something.
 *
 * Next: submit.c (what a tenant's credit is), ../device/context.h. */
#include <errno.h>
#include <string.h>

#include "host/grosr_private.h"

#define CONTEXT_LOCK_NS 3000000000u /* who holds it sends control messages */
#define PAUSE_NS        1000000000u

void grosr_tenant_init(struct grosr_tenant *tenant)
{
  const struct grosr_tenant usual = {1u, GR_PRIORITY_NORMAL, GROSR_AUTO, 0u};
  *tenant = usual;
}

void gr_contexts_init(struct grosr *g)
{
  for (uint32_t i = 0; i < GR_CONTEXTS_MAX; i++) {
    grosr_tenant_init(&g->tenant[i]);
  }
  g->contexts.v = 1u; /* context 0, the system's */
}

static int contexts_lock(struct grosr *g)
{
  return gr_mutex_lock(&g->context_lock, gr_clock_ns() + CONTEXT_LOCK_NS)
             ? 0
             : gr_error_set(-EBUSY, "another thread was stopped, or died, while it opened, changed "
                                    "or closed a context; let it go on, or close the device");
}

static bool is_open(const struct grosr *g, uint32_t context)
{
  return g != NULL && context < GR_CONTEXTS_MAX &&
         (gr_load_relaxed_gpu_u64(&g->contexts) >> context & 1u) != 0u;
}

/* Locks, if the context is open. */
static int context_enter(struct grosr *g, uint32_t context)
{
  int error =
      is_open(g, context)
          ? contexts_lock(g)
          : gr_error_set(-EINVAL, "context %u is not open; use 0 or one from grosr_context_open",
                         context);
  if (error == 0 && !is_open(g, context)) {
    gr_mutex_unlock(&g->context_lock);
    error = gr_error_set(-EINVAL, "context %u was closed by another thread meanwhile", context);
  }
  return error;
}

/* ---- telling the device ---- */

/* Everything about a context; in force once the team on duty has read it. */
struct setting {
  uint32_t context;
  uint32_t state; /* GR_CONTEXT_* */
  struct grosr_tenant tenant;
  uint64_t open; /* bit per context */
  uint64_t set;  /* bit per context in which the usual settings were changed */
};

static struct setting setting_of(const struct grosr *g, uint32_t context)
{
  const struct setting setting = {context, g->context_state[context], g->tenant[context],
                                  gr_load_own_u64(&g->contexts), g->contexts_set};
  return setting;
}

static bool setting_is_managed(const struct setting *s)
{
  return gr_bits_count_u64(s->open & ~1ull) > 1u || (s->set & s->open) != 0u;
}

static int setting_send(struct grosr *g, const struct setting *s)
{
  struct gr_task message = {0};
  message.op = GR_CTL_CONTEXT;
  message.arg[0] = GR_CONTEXT_WORD(s->context, s->tenant.priority, s->state,
                                   setting_is_managed(s) ? 1u : 0u);
  message.arg[1] = (uint64_t)s->tenant.weight << 32 | s->tenant.quota;
  message.arg[2] = s->tenant.slice_ns;
  message.arg[3] = s->open;
  return gr_control_send_task(g, &message);
}

/* Under the lock. Sends it and keeps it; on failure nothing has changed. */
static int setting_apply(struct grosr *g, const struct setting *s)
{
  const int error = setting_send(g, s);
  if (error < 0) {
    return error;
  }
  const uint64_t bit = 1ull << s->context;
  const uint64_t killed = gr_load_own_u64(&g->contexts_killed) & ~bit;
  g->tenant[s->context] = s->tenant;
  g->context_state[s->context] = s->state & ~GR_CONTEXT_FRESH;
  g->contexts_set = s->set;
  gr_store_relaxed_gpu_u64(&g->contexts_killed,
                           (s->state & GR_CONTEXT_KILLED) != 0u ? killed | bit : killed);
  gr_store_relaxed_gpu_u64(&g->contexts, s->open);
  gr_store_relaxed_gpu_u32(&g->managed, setting_is_managed(s) ? 1u : 0u);
  return 0;
}

/* ---- open and close ---- */

int grosr_context_open(struct grosr *g, uint32_t *context)
{
  if (g == NULL || context == NULL) {
    return gr_error_set(-EINVAL, "grosr_context_open: a null pointer");
  }
  int error = contexts_lock(g);
  if (error < 0) {
    return error;
  }
  const uint64_t open = gr_load_own_u64(&g->contexts);
  if (~open == 0u) {
    error = gr_error_set(-EAGAIN, "all %u contexts are open; close one", GR_CONTEXTS_MAX);
  } else {
    const uint32_t index = gr_bits_lowest_u64(~open);
    struct setting setting = setting_of(g, index);
    grosr_tenant_init(&setting.tenant);
    setting.state = GR_CONTEXT_FRESH;
    setting.open |= 1ull << index;
    error = setting_apply(g, &setting);
    if (error == 0) {
      *context = index;
    }
  }
  gr_mutex_unlock(&g->context_lock);
  return error;
}

int grosr_context_close(struct grosr *g, uint32_t context)
{
  if (!is_open(g, context) || context == 0) {
    return gr_error_set(-EINVAL, "context %u is not one that grosr_context_open gave", context);
  }
  if (grosr_wait_all(g, 0) < 0) {
    return gr_error_set(-EBUSY, "tasks are in flight; grosr_wait_all, then close the context");
  }
  int error = gr_channels_revoke(g, context);
  if (error == 0) {
    error = gr_memory_context_end(g, context);
  }
  if (error == 0) {
    error = gr_relay_context_end(g, context);
  }
  if (error == 0) {
    error = context_enter(g, context);
  }
  if (error < 0) {
    return error;
  }
  struct setting setting = setting_of(g, context);
  grosr_tenant_init(&setting.tenant);
  setting.state = 0;
  setting.open &= ~(1ull << context);
  setting.set &= ~(1ull << context);
  if ((g->context_state[context] & GR_CONTEXT_KILLED) != 0u) {
    error = setting_send(g, &setting); /* else the next of this number might find itself killed */
    error = error < 0 ? error : gr_control_await(g, PAUSE_NS);
  }
  if (error == 0) {
    error = setting_apply(g, &setting);
  }
  gr_mutex_unlock(&g->context_lock);
  return error;
}

/* ---- settings ---- */

static int tenant_check(const struct grosr_tenant *t)
{
  if (t->weight == 0 || t->weight > GR_WEIGHT_MAX) {
    return gr_error_set(-EINVAL, "weight is %u; use 1 to %u", t->weight, GR_WEIGHT_MAX);
  }
  if (t->priority >= GR_PRIORITIES) {
    return gr_error_set(-EINVAL, "priority is %u; use 0 (first) to %u", t->priority,
                        GR_PRIORITIES - 1u);
  }
  if (t->quota == 0) {
    return gr_error_set(-EINVAL, "a quota of 0 would run nothing; use 1 or more, or GROSR_AUTO for "
                                 "none, and grosr_context_pause to stop a context");
  }
  return 0;
}

int grosr_context_set(struct grosr *g, uint32_t context, const struct grosr_tenant *tenant)
{
  int error = tenant == NULL ? gr_error_set(-EINVAL, "grosr_context_set: a null pointer")
                             : tenant_check(tenant);
  if (error == 0) {
    error = context_enter(g, context);
  }
  if (error < 0) {
    return error;
  }
  struct setting setting = setting_of(g, context);
  setting.tenant = *tenant;
  setting.set |= 1ull << context;
  error = setting_apply(g, &setting);
  gr_mutex_unlock(&g->context_lock);
  return error;
}

/* `state` replaces the context's, unless it was killed. */
static int state_change(struct grosr *g, uint32_t context, uint32_t state)
{
  int error = context_enter(g, context);
  if (error < 0) {
    return error;
  }
  if ((g->context_state[context] & GR_CONTEXT_KILLED) != 0u) {
    error =
        state == GR_CONTEXT_KILLED
            ? gr_events_sift(g)
            : gr_error_set(-ECANCELED, "context %u was killed; close it and open another", context);
  } else if (context == 0 && state == GR_CONTEXT_KILLED) {
    error = gr_error_set(-EINVAL, "context 0 is the system's and cannot be killed; cancel its "
                                  "tasks, or close the device");
  } else {
    struct setting setting = setting_of(g, context);
    setting.state = state;
    setting.set |= 1ull << context;
    error = setting_apply(g, &setting);
    if (error == 0 && state == GR_CONTEXT_KILLED) {
      error = gr_events_sift(g); /* on failure the caller may kill it again */
    }
  }
  gr_mutex_unlock(&g->context_lock);
  return error;
}

int grosr_context_pause(struct grosr *g, uint32_t context)
{
  const int error = state_change(g, context, GR_CONTEXT_PAUSED);
  return error < 0 ? error : gr_control_await(g, PAUSE_NS);
}

int grosr_context_resume(struct grosr *g, uint32_t context)
{
  return state_change(g, context, 0);
}

int grosr_context_kill(struct grosr *g, uint32_t context)
{
  return state_change(g, context, GR_CONTEXT_KILLED);
}

void gr_contexts_end_paused(struct grosr *g)
{
  for (uint32_t i = 0; i < GR_CONTEXTS_MAX; i++) {
    if (is_open(g, i) && contexts_lock(g) == 0) {
      if ((g->context_state[i] & GR_CONTEXT_PAUSED) != 0u) {
        struct setting setting = setting_of(g, i);
        setting.state = GR_CONTEXT_KILLED;
        setting_apply(g, &setting); /* if not, closing times out and settles its tasks */
      }
      gr_mutex_unlock(&g->context_lock);
    }
  }
}

static_assert((int)GROSR_POLICY_ROUND_ROBIN == GR_POLICY_round_robin &&
                  (int)GROSR_POLICY_FIFO == GR_POLICY_fifo &&
                  (int)GROSR_POLICY_WEIGHTED == GR_POLICY_weighted &&
                  (int)GROSR_POLICY_LEARNING == GR_POLICY_learning && GR_POLICY_COUNT == 4,
              "grosr.h has the policies in the order of GR_POLICIES");

int grosr_policy_set(struct grosr *g, enum grosr_policy policy)
{
  if (g == NULL || (unsigned)policy >= GR_POLICY_COUNT) {
    return gr_error_set(-EINVAL,
                        "grosr_policy_set: no device, or policy %u is not one of "
                        "grosr.h's values",
                        (unsigned)policy);
  }
  return gr_control_send(g, GR_CTL_POLICY, (uint64_t)policy, 0);
}

int grosr_policy_get(struct grosr *g, enum grosr_policy *policy)
{
  uint64_t mispicks = 0;
  if (g == NULL || policy == NULL) {
    return gr_error_set(-EINVAL, "grosr_policy_get: a null pointer");
  }
  const int error = g->backend_ops->read(g->backend, (uint64_t)(uintptr_t)&g->dev->mispicks,
                                         &mispicks, sizeof mispicks);
  if (error < 0) {
    return error;
  }
  *policy = (enum grosr_policy)gr_word_read(g, &g->dev->policy);
  return mispicks == 0 ? 0
                       : gr_error_set(-EPROTO,
                                      "a policy named %llu times a context without work, and "
                                      "round-robin answered; mend its pick in device/policy_*.h",
                                      (unsigned long long)mispicks);
}

/* ---- what it had ---- */

int grosr_context_get(struct grosr *g, uint32_t context, struct grosr_context_stats *stats)
{
  struct gr_context now;
  int error = stats == NULL ? gr_error_set(-EINVAL, "grosr_context_get: a null pointer")
                            : context_enter(g, context);
  if (error < 0) {
    return error;
  }
  struct grosr_context_stats out = {0};
  out.tenant = g->tenant[context];
  out.is_paused = (g->context_state[context] & GR_CONTEXT_PAUSED) != 0u;
  out.is_killed = (g->context_state[context] & GR_CONTEXT_KILLED) != 0u;
  gr_mutex_unlock(&g->context_lock);
  const uint32_t credited = gr_load_relaxed_gpu_u32(&g->credited[context]);
  error = g->backend_ops->read(g->backend, (uint64_t)(uintptr_t)&g->template.context[context], &now,
                               sizeof now);
  if (error == 0) {
    const uint32_t waiting = credited - now.left.v;
    out.credit = g->template.credit;
    out.waiting = (int32_t)waiting > 0 ? waiting : 0u; /* `left` was read later */
    out.running = now.running.v;
    out.served = now.served.v;
    out.served_ns = now.served_ns.v;
    out.wait_ns = now.wait_ns.v;
    *stats = out;
  }
  return error;
}
