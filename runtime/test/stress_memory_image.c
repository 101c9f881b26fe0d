/* stress_memory_image.c - the ops of stress_memory: they allocate, mark, fill, look and free.
 *
 * What orders one team's use of an object and the next one's is the allocator, or the exchange of a
 * cell, by which an object goes from hand to hand. For the cpu alone: a team has one lane.
 *
 * Next: stress_memory.c. */
#include "stress_memory_look.h"

#define STRESS_OPS(OP) OP(churn) OP(drain) OP(whole) OP(reset) OP(stale)
GR_OP_IDS(STRESS_OPS)

/* ---- objects ---- */
static uint64_t size_draw(struct churn *c)
{
  const uint64_t r = draw(c), x = r >> 8;
  const uint64_t pages = c->team->dev->memory.pages;
  switch (c->sizes) {
  case STRESS_SIZES_SMALL:
    return 1u + x % 128u;
  case STRESS_SIZES_CLASSES:
    return gr_class_bytes((uint32_t)(x % GR_CLASSES));
  case STRESS_SIZES_PAGES:
    return 1u + x % (12u * GR_PAGE_BYTES);
  case STRESS_SIZES_ONE:
    return 48u;
  default:
    break;
  }
  switch (r % 64u) {
  case 0:
    return 1u + x % ((pages / 8u + 1u) * GR_PAGE_BYTES);
  case 1:
    return GR_SLAB_BYTES_MAX + x % (8u * GR_PAGE_BYTES); /* 8192: the largest slot */
  case 2:
  case 3:
  case 4:
  case 5:
    return 1u + x % GR_SLAB_BYTES_MAX;
  default:
    return r % 64u < 20u ? 1u + x % 1024u : 1u + x % 128u;
  }
}

/* Nothing was to be had: for a reason. */
static uint64_t refused(struct churn *c)
{
  const int32_t why = gr_alloc_why(c->team);
  const struct gr_arena *arena = &c->team->dev->memory.arena[c->context];
  const uint64_t use = GR_USE_PAGES(gr_load_relaxed_gpu_u64(&arena->use));
  if (why == GR_E_NOMEM) {
    c->count[STRESS_NOMEM]++;
  } else if (why == GR_E_DQUOT && c->cells->quota != UINT64_MAX) {
    c->count[STRESS_DQUOT]++;
  } else if (why == GR_E_AGAIN) {
    c->count[STRESS_AGAIN]++;
  } else {
    wrong(c, STRESS_STATUS, 0u, (uint64_t)(int64_t)why, 0u);
  }
  if (use > c->cells->quota) {
    wrong(c, STRESS_QUOTA, 0u, use, c->cells->quota);
  }
  return 0u;
}

/* A pointer that has just been given to us becomes an object: checked, marked and filled. */
static uint64_t take(struct churn *c, unsigned char *p, uint64_t bytes, uint64_t align,
                     bool is_zero)
{
  const struct gr_memory *m = &c->team->dev->memory;
  const uint64_t offset = (uint64_t)(p - m->base);
  const uint64_t object =
      STRESS_OBJECT(offset / STRESS_UNIT, bytes, 1u + draw(c) % ((1u << 14) - 1u));
  if (offset >= m->bytes || bytes > m->bytes - offset || (uintptr_t)p % STRESS_UNIT != 0u ||
      (uintptr_t)p % align != 0u) {
    wrong(c, STRESS_ALIGN, object, (uint64_t)(uintptr_t)p, align);
    return 0u;
  }
  if (c->s->is_thorough && gr_alloc_bytes(c->team, p) < bytes) {
    wrong(c, STRESS_ALIGN, object, gr_alloc_bytes(c->team, p), bytes);
  }
  shadow_change(c, object, shadow_set);
  look_new(c, object, is_zero);
  fill(c, object);
  c->count[STRESS_ALLOCS]++;
  return object;
}

static uint64_t make(struct churn *c)
{
  const uint64_t bytes = size_draw(c), kind = draw(c);
  uint64_t align = 1u;
  unsigned char *p = NULL;
  switch (kind % 32u) {
  case 0:
    align = 1ull << (kind >> 8) % 15u;
    p = gr_alloc_aligned(c->team, bytes, align);
    break;
  case 1:
    p = gr_calloc(c->team, (bytes + 7u) / 8u, 8u);
    break;
  case 2:
    p = gr_realloc(c->team, NULL, bytes);
    break;
  default:
    p = c->sizes == STRESS_SIZES_ONE ? gr_alloc_fixed(c->team, 48u) : gr_alloc(c->team, bytes);
  }
  if (p == NULL && align > c->team->dev->memory.bytes) {
    return 0u;
  }
  return p == NULL ? refused(c) : take(c, p, bytes, align, kind % 32u == 1u);
}

static void unmake(struct churn *c, uint64_t object)
{
  look(c, object, address_of(c, object), STRESS_OBJECT_BYTES(object));
  shadow_change(c, object, shadow_clear);
  const int32_t status = gr_free(c->team, address_of(c, object));
  if (status != GR_OK) {
    wrong(c, STRESS_STATUS, object, (uint64_t)(int64_t)status, 0u);
  }
  c->count[STRESS_FREES]++;
}

/* Returns what the object is now: the same, if it cannot be had otherwise. */
static uint64_t remake(struct churn *c, uint64_t object)
{
  const uint64_t had = STRESS_OBJECT_BYTES(object), bytes = size_draw(c);
  unsigned char *p = address_of(c, object);
  look(c, object, p, had);
  shadow_change(c, object, shadow_clear); /* before it may be another's */
  unsigned char *to = gr_realloc(c->team, p, bytes);
  if (to == NULL) {
    refused(c);
    shadow_change(c, object, shadow_set);
    look(c, object, p, had);
    return object;
  }
  if (c->s->is_thorough) {
    look(c, object, to, had < bytes ? had & ~7ull : bytes & ~7ull);
  }
  c->count[STRESS_REALLOCS]++;
  c->count[STRESS_ALLOCS]--; /* take counts it */
  return take(c, to, bytes, 1u, false);
}

/* ---- wrong frees, each with its answer ---- */
static void misfree(struct churn *c, uint64_t object)
{
  unsigned char *p = address_of(c, object);
  uint64_t outside = 0u;
  const uint64_t has = gr_alloc_bytes(c->team, p);
  const struct gr_memory *m = &c->team->dev->memory;
  const uint64_t page = (uint64_t)(p - m->base) >> GR_PAGE_SHIFT;
  const bool is_run = /* aligned, it may be short */
      GR_TAG_KIND(gr_load_relaxed_gpu_u64(&m->page[page].tag)) == (uint32_t)GR_PAGE_RUN;
  const int32_t got[] = {gr_free(c->team, &outside), gr_free(c->team, p + 8u),
                         gr_free(c->team, has > 4096u ? p + 4096u : p + has / 2u)};
  /* A slot of 8192 bytes is two pages of its block; half of one of 16 bytes is 8 bytes in. */
  const int32_t wanted[] = {GR_E_FAULT, GR_E_INVAL,
                            is_run && has > 4096u ? GR_E_FAULT : GR_E_INVAL};
  for (uint32_t i = 0u; i < 3u; i++) {
    if (got[i] != wanted[i]) {
      wrong(c, STRESS_STATUS, object, (uint64_t)(int64_t)got[i], (uint64_t)(int64_t)wanted[i]);
    }
  }
  c->count[STRESS_BAD_FREES] += 3u;
}

/* ---- cells ---- */
static uint64_t cell_exchange(gr_au64 *cell, uint64_t object)
{
  uint64_t seen = gr_load_acquire_gpu_u64(cell);
  for (;;) {
    const uint64_t before = gr_cas_acqrel_gpu_u64(cell, seen, object);
    if (before == seen) {
      return seen;
    }
    seen = before;
  }
}
static gr_au64 *cell_draw(struct churn *c)
{
  return &c->cells->cell[(draw(c) >> 16) % c->s->cells];
}
/* Into a cell; what was in there is freed. */
static void put(struct churn *c, uint64_t object)
{
  const uint64_t had = object != 0u ? cell_exchange(cell_draw(c), object) : 0u;
  if (had != 0u) {
    unmake(c, had);
  }
}

/* ---- phases ---- */
static void step_mix(struct churn *c)
{
  const uint64_t r = draw(c);
  if (r % 4u < 2u) {
    gr_au64 *cell = cell_draw(c);
    const uint64_t had = gr_load_relaxed_gpu_u64(cell) != 0u ? cell_exchange(cell, 0u) : 0u;
    if (had == 0u) {
      put(c, make(c));
    } else if ((r >> 8) % 16u == 0u) {
      put(c, remake(c, had));
    } else {
      unmake(c, had);
    }
  } else if ((r >> 8) % 2u != 0u && c->locals < STRESS_LOCAL) {
    c->local[c->locals] = make(c);
    c->locals += c->local[c->locals] != 0u;
  } else if (c->locals != 0u) {
    const uint32_t i = (r >> 16) % 2u != 0u ? c->locals - 1u : (uint32_t)(r >> 24) % c->locals;
    unmake(c, c->local[i]);
    c->local[i] = c->local[--c->locals];
  }
}

static void step(struct churn *c, uint64_t phase)
{
  if (phase == STRESS_FILL_UP) {
    gr_au64 *cell = cell_draw(c);
    const uint64_t object = gr_load_relaxed_gpu_u64(cell) == 0u ? make(c) : 0u;
    put(c, object);
  } else if (phase == STRESS_EMPTY) {
    const uint64_t had = cell_exchange(cell_draw(c), 0u);
    if (had != 0u) {
      unmake(c, had);
    }
  } else {
    step_mix(c);
  }
}

/* ---- ops: argument 0 is struct stress ---- */
static struct churn churn_begin(struct gr_team *team)
{
  struct churn c;
  c.team = team;
  c.s = gr_arg_ptr(team, 0, struct stress);
  c.context = team->task->context;
  c.cells = c.s->context[c.context];
  c.random = gr_arg_u64(team, 1) | 1u;
  c.sizes = gr_arg_u64(team, 3);
  c.locals = 0u;
  for (uint32_t i = 0u; i < STRESS_COUNTS; i++) {
    c.count[i] = 0u;
  }
  return c;
}
static int32_t churn_end(struct churn *c)
{
  while (c->locals != 0u) {
    put(c, c->local[--c->locals]);
  }
  for (uint32_t i = 0u; i < STRESS_COUNTS; i++) {
    gr_add_relaxed_gpu_u64(&c->s->count[i], c->count[i]);
  }
  return GR_OK;
}

/* Argument 1: seed; 2: steps << 8 | phase; 3: sizes. */
GR_DEV int32_t churn(struct gr_team *team)
{
  struct churn c = churn_begin(team);
  uint64_t phase = gr_arg_u64(team, 2) & 0xffu;
  uint64_t steps = gr_arg_u64(team, 2) >> 8;
  if (phase == STRESS_RUNS) {
    for (uint64_t i = 0u; i < steps / 2u; i++) {
      step(&c, STRESS_EMPTY);
    }
    c.sizes = STRESS_SIZES_PAGES;
    phase = STRESS_MIX;
    steps /= 8u;
  }
  const uint64_t refused_max = 64u; /* full is full: on with others */
  for (uint64_t i = 0u; i < steps && c.count[STRESS_NOMEM] + c.count[STRESS_DQUOT] < refused_max;
       i++) {
    step(&c, phase);
  }
  if (c.locals != 0u && draw(&c) % 4u == 0u) {
    misfree(&c, c.local[0]);
  }
  return churn_end(&c);
}

/* Frees what is in the cells from argument 1 to 2. */
GR_DEV int32_t drain(struct gr_team *team)
{
  struct churn c = churn_begin(team);
  for (uint64_t i = gr_arg_u64(team, 1); i < gr_arg_u64(team, 2); i++) {
    const uint64_t had = cell_exchange(&c.cells->cell[i], 0u);
    if (had != 0u) {
      unmake(&c, had);
    }
  }
  return churn_end(&c);
}

/* All of the memory is free: it can be had in one piece. */
GR_DEV int32_t whole(struct gr_team *team)
{
  void *p = gr_alloc(team, team->dev->memory.bytes);
  return p == NULL ? gr_alloc_why(team) : gr_free(team, p);
}

/* All of the context's objects are gone, and some are remembered. GR_E_BUSY: nothing has changed,
 * and the host tries again. */
GR_DEV int32_t reset(struct gr_team *team)
{
  struct churn c = churn_begin(team);
  for (uint64_t i = 0u; i < c.s->cells; i++) {
    const uint64_t object = gr_load_relaxed_gpu_u64(&c.cells->cell[i]);
    if (object != 0u) {
      look(&c, object, address_of(&c, object), STRESS_OBJECT_BYTES(object));
      shadow_change(&c, object, shadow_clear); /* before it may be another's */
    }
  }
  const int32_t status = gr_arena_reset(team, c.context);
  uint32_t kept = 0u;
  for (uint64_t i = 0u; i < c.s->cells; i++) {
    const uint64_t object = gr_load_relaxed_gpu_u64(&c.cells->cell[i]);
    if (object != 0u && status == GR_OK) {
      cell_exchange(&c.cells->cell[i], 0u);
      c.cells->old[kept] = object;
      kept += kept < STRESS_OLD - 1u;
    } else if (object != 0u) {
      shadow_change(&c, object, shadow_set);
    }
  }
  c.cells->old[kept] = 0u;
  churn_end(&c);
  return status;
}

/* What is remembered is nothing to free: right after the reset, when nothing is there by now. */
GR_DEV int32_t stale(struct gr_team *team)
{
  struct churn c = churn_begin(team);
  for (uint32_t i = 0u; c.cells->old[i] != 0u; i++) {
    if (gr_alloc_bytes(team, address_of(&c, c.cells->old[i])) != 0u ||
        gr_free(team, address_of(&c, c.cells->old[i])) != GR_E_FAULT) {
      wrong(&c, STRESS_STATUS, c.cells->old[i], 0u, (uint64_t)(int64_t)GR_E_FAULT);
    }
    c.count[STRESS_BAD_FREES]++;
  }
  c.cells->old[0] = 0u;
  return churn_end(&c);
}

GR_IMAGE(stress_memory, STRESS_OPS)
