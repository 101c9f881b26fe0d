/* channel.c - channels and capabilities, as the host decides them (grosr/channel.h).
 *
 * What there is, and which capability was made from which, stands in a table under channel_lock;
 * the device's words are changed by tasks of the microkernel's own.
 *
 * Next: message.c, ../device/channel.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/grosr_private.h"
#include "include/grosr/channel.h"

#define LOCK_NS   3000000000ull
#define END_TRIES 1000u /* of about 1 us, for who is inside a channel to get out */
#define INDEX(handle) ((handle)&0xffffu)

struct range {
  uint32_t first, units; /* of channel memory; 0 units: the channel is free */
  uint32_t root;         /* its first capability's index */
  uint32_t message_bytes;
};
struct held {
  uint64_t word; /* GR_CAPABILITY; 0: free */
  uint32_t generation;
  uint32_t parent; /* index + 1 of the one that it was made from */
};
struct gr_channels {
  struct range range[GR_CHANNELS_MAX];
  struct held held[GR_CAPABILITIES_MAX];
};

static int channels_lock(struct grosr *g)
{
  if (g == NULL) {
    return gr_error_set(-EINVAL, "a channel's device is a null pointer");
  }
  if (!gr_mutex_lock(&g->channel_lock, gr_clock_ns() + LOCK_NS)) {
    return gr_error_set(-EBUSY, "another thread changes a channel, or was stopped while it did");
  }
  if (g->channels == NULL) {
    g->channels = calloc(1, sizeof *g->channels);
  }
  if (g->channels == NULL) {
    gr_mutex_unlock(&g->channel_lock);
    return gr_error_set(-ENOMEM, "no memory for the table of channels");
  }
  return 0;
}

/* Under the lock, as what follows: carries out an enum gr_channel_change on the device. */
static int change(struct grosr *g, enum gr_channel_change what, uint64_t index, uint64_t value)
{
  const uint64_t arg[4] = {what, index, value, 0};
  int32_t result = 0;
  const int error = gr_internal_run(g, GR_OP_CHANNEL, arg, &result);
  return error < 0 ? error : (int)result;
}

/* The capability, if it has all of these rights. */
static int held_find(struct grosr *g, uint32_t capability, uint32_t rights, struct held **out)
{
  struct held *held =
      INDEX(capability) < GR_CAPABILITIES_MAX ? &g->channels->held[INDEX(capability)] : NULL;
  if (held == NULL || held->word == 0 || held->generation != capability >> 16) {
    return gr_error_set(-ESTALE, "no such capability, or it was revoked; ask whoever granted it "
                                 "for another");
  }
  if ((GR_CAPABILITY_RIGHTS(held->word) & rights) != rights) {
    return gr_error_set(-EACCES, "the capability's rights are %u, this needs %u; use one that was "
                                 "not narrowed so far",
                        GR_CAPABILITY_RIGHTS(held->word), rights);
  }
  *out = held;
  return 0;
}

/* A new capability, on the device as well. */
static int held_make(struct grosr *g, uint32_t parent, uint64_t what, uint32_t *capability)
{
  uint32_t index = 0;
  while (index < GR_CAPABILITIES_MAX && g->channels->held[index].word != 0) {
    index++;
  }
  if (index == GR_CAPABILITIES_MAX) {
    return gr_error_set(-ENOSPC, "all %u capabilities are held; revoke one", GR_CAPABILITIES_MAX);
  }
  struct held *held = &g->channels->held[index];
  const uint32_t next = (held->generation + 1u) & 0xffffu;
  held->generation = next != 0 ? next : 1u;
  const uint64_t word = what | (uint64_t)held->generation << 32;
  const int error = change(g, GR_CHANNEL_GIVE, index, word);
  if (error == 0) {
    held->word = word;
    held->parent = parent;
    *capability = held->generation << 16 | index;
  }
  return error;
}

int gr_channel_facts(struct grosr *g, uint32_t capability, uint32_t rights,
                     struct gr_channel_facts *facts)
{
  struct held *held = NULL;
  int error = channels_lock(g);
  if (error < 0) {
    return error;
  }
  error = held_find(g, capability, rights, &held);
  if (error == 0) {
    facts->context = GR_CAPABILITY_CONTEXT(held->word);
    facts->message_bytes = g->channels->range[GR_CAPABILITY_CHANNEL(held->word)].message_bytes;
  }
  gr_mutex_unlock(&g->channel_lock);
  return error;
}

/* ---- open ---- */

static int options_check(const struct grosr *g, const struct grosr_channel_options *o)
{
  if (o->message_bytes == 0 || o->message_bytes > GR_MESSAGE_BYTES_MAX) {
    return gr_error_set(-EINVAL,
                        "message_bytes is %u; use 1 to %u, and send the address of what is longer",
                        o->message_bytes, GR_MESSAGE_BYTES_MAX);
  }
  if (o->slots == 0 || o->slots > GR_CHANNEL_SLOTS_MAX || (o->slots & (o->slots - 1u)) != 0) {
    return gr_error_set(-EINVAL, "slots is %u; use a power of two from 1 to %u", o->slots,
                        GR_CHANNEL_SLOTS_MAX);
  }
  if ((unsigned)o->producers > GROSR_CHANNEL_ONE || (unsigned)o->consumers > GROSR_CHANNEL_ONE) {
    return gr_error_set(-EINVAL, "producers and consumers are GROSR_CHANNEL_MANY or "
                                 "GROSR_CHANNEL_ONE");
  }
  if (o->context >= GR_CONTEXTS_MAX ||
      (gr_load_relaxed_gpu_u64(&g->contexts) >> o->context & 1u) == 0) {
    return gr_error_set(-EINVAL, "context %u is not open; use 0 or one from grosr_context_open",
                        o->context);
  }
  return 0;
}

/* A free channel, and the first place that has room for it. */
static int room_find(struct grosr *g, uint32_t units, uint32_t *channel)
{
  struct range *range = g->channels->range;
  uint32_t at = 0, index = 0;
  for (uint32_t i = 0; i < GR_CHANNELS_MAX; i++) {
    if (range[i].units != 0 && at < range[i].first + range[i].units &&
        range[i].first < at + units) {
      at = range[i].first + range[i].units;
      i = UINT32_MAX; /* from the beginning: it grew */
    }
  }
  while (index < GR_CHANNELS_MAX && range[index].units != 0) {
    index++;
  }
  if (index == GR_CHANNELS_MAX ||
      (uint64_t)at + units > g->options.channel_bytes / GR_CHANNEL_UNIT) {
    return gr_error_set(-ENOSPC,
                        "no room for a channel of %llu bytes; revoke another's first capability, "
                        "or open with more channel_bytes (%u now, for at most %u channels)",
                        (unsigned long long)units * GR_CHANNEL_UNIT, g->options.channel_bytes,
                        GR_CHANNELS_MAX);
  }
  range[index].first = at;
  *channel = index;
  return 0;
}

int grosr_channel_open(struct grosr *g, const struct grosr_channel_options *options,
                       uint32_t *capability)
{
  if (g == NULL || options == NULL || capability == NULL) {
    return gr_error_set(-EINVAL, "grosr_channel_open: a null pointer");
  }
  int error = options_check(g, options);
  if (error == 0) {
    error = channels_lock(g);
  }
  if (error < 0) {
    return error;
  }
  const uint32_t units =
      options->slots * (GR_MESSAGE_STRIDE(options->message_bytes) / GR_CHANNEL_UNIT);
  uint32_t channel = 0;
  error = room_find(g, units, &channel);
  if (error == 0) {
    const uint32_t single = (options->producers == GROSR_CHANNEL_ONE ? 1u : 0u) |
                            (options->consumers == GROSR_CHANNEL_ONE ? 2u : 0u);
    error = change(g, GR_CHANNEL_OPEN, channel,
                   GR_CHANNEL_SHAPE(g->channels->range[channel].first, options->message_bytes,
                                    (uint32_t)__builtin_ctz(options->slots), single));
  }
  if (error == 0) {
    error = held_make(g, 0, GR_CAPABILITY(0u, channel, options->context, GR_RIGHTS), capability);
  }
  if (error == 0) {
    struct range *range = &g->channels->range[channel];
    range->units = units;
    range->root = INDEX(*capability);
    range->message_bytes = options->message_bytes;
  }
  gr_mutex_unlock(&g->channel_lock);
  return error;
}

/* ---- capabilities ---- */

/* context: GROSR_AUTO for that of the capability. */
static int derive(struct grosr *g, uint32_t capability, uint32_t context, uint32_t rights,
                  uint32_t *out)
{
  struct held *held = NULL;
  if (out == NULL || rights == 0 || rights > GR_RIGHTS) {
    return gr_error_set(-EINVAL, "a null pointer, or rights that are not some of the four");
  }
  if (context != GROSR_AUTO &&
      (g == NULL || context >= GR_CONTEXTS_MAX ||
       (gr_load_relaxed_gpu_u64(&g->contexts) >> context & 1u) == 0)) {
    return gr_error_set(-EINVAL, "context %u is not open; use 0 or one from grosr_context_open",
                        context);
  }
  int error = channels_lock(g);
  if (error < 0) {
    return error;
  }
  error = held_find(g, capability, rights | (context != GROSR_AUTO ? GR_RIGHT_GRANT : 0u), &held);
  if (error == 0) {
    const uint32_t whose = context != GROSR_AUTO ? context : GR_CAPABILITY_CONTEXT(held->word);
    error = held_make(g, INDEX(capability) + 1u,
                      GR_CAPABILITY(0u, GR_CAPABILITY_CHANNEL(held->word), whose, rights), out);
  }
  gr_mutex_unlock(&g->channel_lock);
  return error;
}

int grosr_channel_grant(struct grosr *g, uint32_t capability, uint32_t context, uint32_t rights,
                        uint32_t *granted)
{
  return derive(g, capability, context != GROSR_AUTO ? context : GR_CONTEXTS_MAX, rights, granted);
}

int grosr_channel_narrow(struct grosr *g, uint32_t capability, uint32_t rights,
                         uint32_t *narrowed)
{
  return derive(g, capability, GROSR_AUTO, rights, narrowed);
}

/* Revokes what was made from the capability of this index, the last made first: who is revoked has
 * no others left. */
static int revoke_below(struct grosr *g, uint32_t top)
{
  struct held *held = g->channels->held;
  for (;;) {
    uint32_t at = top, child = 0;
    do { /* down to one that has no child */
      for (child = 0; child < GR_CAPABILITIES_MAX; child++) {
        if (held[child].word != 0 && held[child].parent == at + 1u) {
          at = child;
          break;
        }
      }
    } while (child != GR_CAPABILITIES_MAX);
    if (at == top) {
      return 0;
    }
    const int error = change(g, GR_CHANNEL_REVOKE, at, GR_CAPABILITY_CHANNEL(held[at].word));
    if (error < 0) {
      return error;
    }
    held[at].word = 0;
  }
}

/* The capability has no others below it any more; if it is its channel's first, that ends. */
static int revoke_last(struct grosr *g, uint32_t index)
{
  struct held *held = &g->channels->held[index];
  const uint32_t channel = GR_CAPABILITY_CHANNEL(held->word);
  struct range *range = &g->channels->range[channel];
  const bool is_root = range->root == index;
  int error = is_root ? change(g, GR_CHANNEL_CLOSE, channel, 0) : 0;
  if (error == 0) {
    error = change(g, GR_CHANNEL_REVOKE, index, channel);
  }
  if (error == 0 && is_root) {
    held->word &= ~(uint64_t)GR_RIGHTS; /* all that is left is to revoke it again */
    error = change(g, GR_CHANNEL_END, channel, 0);
    for (uint32_t tries = 0; error == GR_E_BUSY && tries < END_TRIES; tries++) {
      error = change(g, GR_CHANNEL_END, channel, 0);
    }
    if (error == GR_E_BUSY) {
      return gr_error_set(-EBUSY, "an op is in the middle of sending or receiving; revoke the "
                                  "capability again, to free its channel");
    }
  }
  if (error == 0) {
    held->word = 0;
    range->units = is_root ? 0u : range->units;
  }
  return error;
}

int grosr_channel_revoke(struct grosr *g, uint32_t capability)
{
  struct held *held = NULL;
  int error = channels_lock(g);
  if (error < 0) {
    return error;
  }
  error = held_find(g, capability, 0, &held);
  if (error == 0) {
    error = revoke_below(g, INDEX(capability));
  }
  if (error == 0) {
    error = revoke_last(g, INDEX(capability));
  }
  gr_mutex_unlock(&g->channel_lock);
  return error;
}

int gr_channels_revoke(struct grosr *g, uint32_t context)
{
  int error = channels_lock(g);
  if (error < 0) {
    return error;
  }
  for (uint32_t i = 0; error == 0 && i < GR_CAPABILITIES_MAX; i++) {
    const uint64_t word = g->channels->held[i].word;
    if (word != 0 && GR_CAPABILITY_CONTEXT(word) == context) {
      error = revoke_below(g, i);
      error = error < 0 ? error : revoke_last(g, i);
    }
  }
  gr_mutex_unlock(&g->channel_lock);
  return error;
}

int grosr_channel_close(struct grosr *g, uint32_t capability)
{
  struct held *held = NULL;
  int error = channels_lock(g);
  if (error < 0) {
    return error;
  }
  error = held_find(g, capability, GR_RIGHT_CLOSE, &held);
  if (error == 0) {
    error = change(g, GR_CHANNEL_CLOSE, GR_CAPABILITY_CHANNEL(held->word), 0);
  }
  gr_mutex_unlock(&g->channel_lock);
  return error;
}
