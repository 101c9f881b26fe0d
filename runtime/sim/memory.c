/* memory.c - what a load sees: strong, or as weak as the orders allow.
 *
 * Weak memory is operational, after Loom and Relacy: a word keeps its last values ("messages", in
 * modification order), each with what its writer knew. A participant keeps two vector clocks:
 *   see  what it may no longer miss: a load may see any message but those older than one that it
 *        has read, or that somebody wrote or read (PTX: observation) in what `see` covers
 *   hb   what happens before it: for races (race.c)
 * Release: the message carries both clocks; relaxed: those of the last fence. Acquire: they are
 * joined; relaxed: at the next fence. A read-modify-write takes the newest and passes its clocks on
 * (release sequence). At gr_fence_*, fence.sc, `see` is joined both ways with that of all earlier
 * ones, as in the PTX model; C11's fence is a little stronger. Stale values are seen a few times in
 * a row at most.
 *
 * Not modelled: load buffering (a load sees a store that is later in another's order), mixed sizes.
 *
 * Next: race.c (plain accesses), lanes.c (barriers). */
#include "sim/sim_private.h"

#include <string.h>

#include "shared/task.h"

#define HISTORY   4u
#define PLACES    16384u /* hash slots; a power of two */
#define STALE_MAX 2u     /* a participant sees old values of a word so often in a row */

struct message {
  uint64_t value[2];
  uint32_t writer, clock;
  uint32_t parts; /* how many entries of the clocks are set */
  struct clocks see, hb;
  struct clocks met; /* who has written or read it, at which clock of theirs; 0: has not */
};

struct place {
  const void *address;
  uint64_t run;
  uint32_t bytes;
  uint32_t newest; /* messages ever; the newest is [(newest - 1) % HISTORY] */
  struct message message[HISTORY];
  uint8_t stale[PARTS_MAX]; /* old values seen in a row */
};

static struct {
  uint64_t run;
  struct place place[PLACES];
  struct place *used[PLACES];
  uint32_t places;
  struct clocks fences; /* what has passed a fence.sc */
} M;

void gr_memory_begin(void)
{
  M.run++;
  M.places = 0;
  memset(&M.fences, 0, sizeof M.fences);
}

static bool is_tracked(void)
{
  return W.config.memory == GR_SIM_WEAK || W.config.scheduler == GR_SIM_EXPLORE;
}

/* ---- clocks ---- */
static void join(struct clocks *to, const struct clocks *from, uint32_t parts)
{
  for (uint32_t i = 0; i < parts; i++) {
    to->at[i] = to->at[i] > from->at[i] ? to->at[i] : from->at[i];
  }
}

void gr_memory_spawned(struct part *part, const struct part *parent)
{
  part->clock++; /* 1 for a new one; a lane's place that is taken again goes on counting */
  if (parent != NULL) {
    part->see = parent->see;
    part->hb = parent->hb;
    part->see.at[parent->id] = part->hb.at[parent->id] = parent->clock;
    ((struct part *)parent)->clock++;
  }
}

void gr_memory_joined(struct part *self, const struct part *ended)
{
  join(&self->see, &ended->see, W.parts);
  join(&self->hb, &ended->hb, W.parts);
  self->see.at[ended->id] = self->hb.at[ended->id] = ended->clock;
}

void gr_memory_meet(const struct part *const *part, uint32_t count)
{
  static struct clocks see, hb;
  if (!is_tracked()) {
    return;
  }
  memset(&see, 0, sizeof see);
  memset(&hb, 0, sizeof hb);
  for (uint32_t i = 0; i < count; i++) {
    join(&see, &part[i]->see, W.parts);
    join(&hb, &part[i]->hb, W.parts);
    see.at[part[i]->id] = hb.at[part[i]->id] = part[i]->clock;
  }
  for (uint32_t i = 0; i < count; i++) {
    struct part *self = &W.part[part[i]->id];
    self->see = see;
    self->hb = hb;
    self->clock++;
  }
}

/* fence.sc: also a release and an acquire fence. */
static void fence(struct part *self)
{
  join(&self->see, &self->loose_see, W.parts);
  join(&self->hb, &self->loose_hb, W.parts);
  self->see.at[self->id] = self->hb.at[self->id] = self->clock;
  join(&self->see, &M.fences, W.parts);
  join(&M.fences, &self->see, W.parts);
  self->fence_see = self->see;
  self->fence_hb = self->hb;
  self->clock++;
}

void gr_sim_fence(const char *file, unsigned line)
{
  struct part *self = gr_step("fence.sc", NULL, file, line);
  if (is_tracked()) {
    fence(self);
  }
}

/* ---- places ---- */
static void read_memory(const void *a, uint32_t bytes, uint64_t value[2])
{
  value[0] = value[1] = 0;
  memcpy(value, a, bytes);
}

/* The word in memory becomes its only message, known to all: it was set by a plain store. */
static void place_reset(struct place *place)
{
  struct message *first = &place->message[0];
  memset(first, 0, sizeof *first);
  read_memory(place->address, place->bytes, first->value);
  place->newest = 1;
  memset(place->stale, 0, sizeof place->stale);
}

static struct place *find(const void *a, uint32_t bytes)
{
  uint64_t value[2];
  uint32_t at = (uint32_t)mix((uint64_t)(uintptr_t)a, 1) & (PLACES - 1u);
  while (M.place[at].run == M.run && M.place[at].address != a) {
    at = (at + 1u) & (PLACES - 1u);
  }
  struct place *place = &M.place[at];
  if (place->run != M.run) {
    if (M.places == PLACES - PLACES / 8u) {
      gr_sim_fail("more than %u words are touched in one run: make the scenario smaller", M.places);
    }
    M.used[M.places++] = place;
    place->run = M.run;
    place->address = a;
    place->bytes = bytes;
    place_reset(place);
  }
  if (place->bytes != bytes) {
    gr_sim_fail("a word is reached with %u and with %u bytes", place->bytes, bytes);
  }
  read_memory(a, bytes, value);
  if (memcmp(value, place->message[(place->newest - 1u) % HISTORY].value, sizeof value) != 0) {
    place_reset(place);
  }
  return place;
}

/* It has met this message, or knows of somebody who has. */
static bool knows(const struct part *self, const struct message *m)
{
  bool is_known = m->clock == 0 || m->met.at[self->id] != 0;
  for (uint32_t i = 0; i < W.parts && !is_known; i++) { /* what its reader told since */
    is_known = m->met.at[i] != 0 && self->see.at[i] >= m->met.at[i];
  }
  return is_known;
}

/* How many messages it may see, the newest first. */
static uint32_t choices(const struct part *self, const struct place *place)
{
  const uint32_t kept = place->newest < HISTORY ? place->newest : HISTORY;
  uint32_t count = 1u;
  while (count < kept && !knows(self, &place->message[(place->newest - count) % HISTORY])) {
    count++;
  }
  return count;
}

static struct message *take_message(struct part *self, struct place *place)
{
  uint32_t back = 0;
  if (W.config.memory == GR_SIM_WEAK && place->stale[self->id] < STALE_MAX) {
    const uint32_t count = choices(self, place);
    back = count > 1u ? gr_schedule_value(self, count) : 0u;
  }
  place->stale[self->id] = back != 0 ? (uint8_t)(place->stale[self->id] + 1u) : 0u;
  self->stale_pauses = back != 0 ? 2u : self->stale_pauses;
  return &place->message[(place->newest - 1u - back) % HISTORY];
}

static void acquire(struct part *self, struct message *m, bool is_acquire)
{
  m->met.at[self->id] = m->met.at[self->id] != 0 ? m->met.at[self->id] : self->clock;
  join(is_acquire ? &self->see : &self->loose_see, &m->see, m->parts);
  join(is_acquire ? &self->hb : &self->loose_hb, &m->hb, m->parts);
}

/* A new message; `follows` is the one that a read-modify-write has read. */
static void publish(struct part *self, struct place *place, const uint64_t value[2],
                    enum gr_sim_order order, const struct message *follows)
{
  struct message *m = &place->message[place->newest % HISTORY];
  const struct message before = follows != NULL ? *follows : *m;
  const bool is_release = order == GR_SIM_RELEASE || order == GR_SIM_ACQREL;
  self->see.at[self->id] = self->hb.at[self->id] = self->clock;
  m->value[0] = value[0];
  m->value[1] = value[1];
  m->writer = self->id;
  m->clock = self->clock++;
  m->parts = W.parts;
  memset(m->met.at, 0, sizeof m->met.at);
  m->met.at[self->id] = m->clock;
  memcpy(&m->see, is_release ? &self->see : &self->fence_see, W.parts * sizeof m->see.at[0]);
  memcpy(&m->hb, is_release ? &self->hb : &self->fence_hb, W.parts * sizeof m->hb.at[0]);
  if (follows != NULL) {
    join(&m->see, &before.see, before.parts);
    join(&m->hb, &before.hb, before.parts);
  }
  place->newest++;
}

/* ---- the words ---- */
static bool acquires(enum gr_sim_order order)
{
  return order == GR_SIM_ACQUIRE || order == GR_SIM_ACQREL;
}

uint64_t gr_sim_load(const void *a, unsigned bytes, enum gr_sim_order order, const char *file,
                     unsigned line)
{
  struct part *self =
      gr_step(order == GR_SIM_RELAXED ? "load relaxed" : "load acquire", a, file, line);
  uint64_t value[2];
  read_memory(a, bytes, value);
  if (is_tracked()) {
    struct message *m = take_message(self, find(a, bytes));
    acquire(self, m, acquires(order));
    value[0] = m->value[0];
  }
  gr_seen(self, value[0]);
  return value[0];
}

void gr_sim_store(void *a, unsigned bytes, uint64_t value, enum gr_sim_order order,
                  const char *file, unsigned line)
{
  struct part *self = gr_step(order == GR_SIM_RELEASE ? "store release" : "store relaxed", a, file,
                              line);
  const uint64_t values[2] = {value, 0};
  uint64_t before[2];
  read_memory(a, bytes, before);
  gr_region_stores(a, before[0], value);
  if (is_tracked()) {
    publish(self, find(a, bytes), values, order, NULL);
  }
  memcpy(a, values, bytes);
  gr_seen(self, value);
}

static uint64_t change(struct part *self, void *a, unsigned bytes, uint64_t after, bool is_kept,
                       enum gr_sim_order order)
{
  const uint64_t values[2] = {after, 0};
  uint64_t before[2];
  read_memory(a, bytes, before);
  if (is_kept) {
    gr_region_stores(a, before[0], after);
  }
  if (is_tracked()) {
    struct place *place = find(a, bytes);
    struct message *m = &place->message[(place->newest - 1u) % HISTORY];
    acquire(self, m, acquires(order));
    if (is_kept) {
      publish(self, place, values, order, m);
    }
  }
  gr_seen(self, before[0]);
  if (is_kept) {
    memcpy(a, values, bytes);
  }
  return before[0];
}

uint64_t gr_sim_change(void *a, unsigned bytes, enum gr_sim_rmw kind, uint64_t value,
                       enum gr_sim_order order, const char *file, unsigned line)
{
  static const char *const doing[] = {"add", "or", "and", "exchange"};
  struct part *self = gr_step(doing[kind], a, file, line);
  uint64_t before[2];
  read_memory(a, bytes, before);
  uint64_t after = kind == GR_SIM_ADD   ? before[0] + value
                   : kind == GR_SIM_OR  ? before[0] | value
                   : kind == GR_SIM_AND ? before[0] & value
                                        : value;
  after = bytes == 4u ? (uint32_t)after : after;
  return change(self, a, bytes, after, true, order);
}

uint64_t gr_sim_cas(void *a, unsigned bytes, uint64_t expected, uint64_t desired,
                    enum gr_sim_order order, const char *file, unsigned line)
{
  struct part *self = gr_step("cas", a, file, line);
  uint64_t before[2];
  read_memory(a, bytes, before);
  return change(self, a, bytes, desired, before[0] == expected, order);
}

bool gr_sim_chunk_load(const struct gr_chunk *src, uint32_t tag, struct gr_chunk *out,
                       enum gr_sim_order order, const char *file, unsigned line)
{
  struct part *self = gr_step("chunk load", src, file, line);
  struct message *m = NULL;
  read_memory(src, sizeof *src, out->half);
  if (is_tracked()) {
    m = take_message(self, find(src, sizeof *src));
    memcpy(out->half, m->value, sizeof out->half);
  }
  const bool is_it = out->tag == tag;
  if (m != NULL) {
    acquire(self, m, is_it && acquires(order));
  }
  gr_seen(self, mix(out->half[0], out->half[1]));
  return is_it;
}

void gr_sim_chunk_store(struct gr_chunk *dst, const struct gr_chunk *src, enum gr_sim_order order,
                        const char *file, unsigned line)
{
  struct part *self =
      gr_step(order == GR_SIM_RELAXED ? "chunk store relaxed" : "chunk store", dst, file, line);
  gr_region_stores(dst, dst->half[1], src->half[1]);
  if (is_tracked()) {
    publish(self, find(dst, sizeof *dst), src->half, order, NULL);
  }
  memcpy(dst, src, sizeof *dst);
  gr_seen(self, mix(src->half[0], src->half[1]));
}

/* ---- the state, for explore.c ---- */
static uint64_t hash_clocks(uint64_t hash, const struct clocks *clocks, uint32_t parts)
{
  for (uint32_t i = 0; i < parts; i++) {
    hash = mix(hash, clocks->at[i]);
  }
  return hash;
}

static uint64_t hash_place(const struct place *place)
{
  uint64_t hash = (uint64_t)(uintptr_t)place->address;
  const uint32_t depth = W.config.memory == GR_SIM_WEAK ? HISTORY : 1u;
  for (uint32_t i = 0; i < depth && i < place->newest; i++) {
    const struct message *m = &place->message[(place->newest - 1u - i) % HISTORY];
    hash = mix(hash, mix(m->value[0], m->value[1]));
    if (W.config.memory == GR_SIM_WEAK) {
      hash = mix(hash, (uint64_t)m->writer << 32 | m->clock);
      hash = hash_clocks(hash_clocks(hash, &m->see, m->parts), &m->hb, m->parts);
      hash = hash_clocks(hash, &m->met, W.parts);
    }
  }
  for (uint32_t i = 0; W.config.memory == GR_SIM_WEAK && i < W.parts; i++) {
    hash = mix(hash, place->stale[i]);
  }
  return mix(hash, 7);
}

uint64_t gr_memory_hash(void)
{
  uint64_t sum = 0; /* in any order of first touch */
  for (uint32_t i = 0; i < M.places; i++) {
    sum += hash_place(M.used[i]);
  }
  for (uint32_t i = 0; W.config.memory == GR_SIM_WEAK && i < W.parts; i++) {
    const struct part *part = &W.part[i];
    uint64_t hash = mix(i, 9);
    hash = hash_clocks(hash_clocks(hash, &part->see, W.parts), &part->hb, W.parts);
    hash = hash_clocks(hash_clocks(hash, &part->fence_see, W.parts), &part->loose_see, W.parts);
    sum += hash;
  }
  return W.config.memory == GR_SIM_WEAK ? hash_clocks(sum, &M.fences, W.parts) : sum;
}
