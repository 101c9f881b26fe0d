/* stress_memory_look.h - how stress_memory's ops mark, fill and check what they have.
 *
 * The shadow's atomics are relaxed, so that they order nothing that the allocator does not order
 * itself: what TSan sees is the allocator's doing. Next: stress_memory_image.c. */
#pragma once

#include "stress_memory.h"

struct churn {
  struct gr_team *team;
  struct stress *s;
  struct stress_cells *cells;
  uint64_t random; /* xorshift64, not 0 */
  uint64_t sizes;  /* enum stress_sizes */
  uint32_t context;
  uint32_t locals;
  uint64_t count[STRESS_COUNTS];
  uint64_t local[STRESS_LOCAL];
};

static inline uint64_t draw(struct churn *c)
{
  c->random ^= c->random << 13;
  c->random ^= c->random >> 7;
  c->random ^= c->random << 17;
  return c->random;
}

/* ---- what is found ---- */
static inline void wrong(struct churn *c, uint32_t what, uint64_t object, uint64_t is,
                         uint64_t wanted)
{
  gr_add_relaxed_gpu_u64(&c->s->wrong[what], 1u);
  if (gr_cas_relaxed_gpu_u64(&c->s->first, 0u, 1u) == 0u) {
    gr_store_relaxed_gpu_u64(&c->s->object, object);
    gr_store_relaxed_gpu_u64(&c->s->is, is);
    gr_store_relaxed_gpu_u64(&c->s->wanted, wanted);
  }
}

static inline unsigned char *address_of(const struct churn *c, uint64_t object)
{
  return c->team->dev->memory.base + STRESS_OBJECT_UNIT(object) * STRESS_UNIT;
}

/* ---- the shadow ---- */
static inline void shadow_set(struct churn *c, uint64_t object, uint64_t word, uint64_t bits)
{
  const uint64_t before = gr_or_relaxed_gpu_u64(&c->s->shadow[word], bits);
  if ((before & bits) != 0u) {
    wrong(c, STRESS_TWICE, object, before & bits, word);
  }
}
static inline void shadow_clear(struct churn *c, uint64_t object, uint64_t word, uint64_t bits)
{
  const uint64_t before = gr_and_relaxed_gpu_u64(&c->s->shadow[word], ~bits);
  if ((before & bits) != bits) {
    wrong(c, STRESS_UNMARKED, object, before & bits, word);
  }
}

/* The object's units: all, or the first, the last and one in between, which the tag decides. */
static inline void shadow_change(struct churn *c, uint64_t object,
                                 void (*change)(struct churn *, uint64_t, uint64_t, uint64_t))
{
  const uint64_t first = STRESS_OBJECT_UNIT(object);
  const uint64_t units = (STRESS_OBJECT_BYTES(object) + STRESS_UNIT - 1u) / STRESS_UNIT;
  if (c->s->is_thorough) {
    for (uint64_t at = first; at < first + units; at = (at & ~63ull) + 64u) {
      const uint64_t left = first + units - at;
      change(c, object, at / 64u, gr_bits_run(at % 64u, left < 64u ? (uint32_t)left : 64u));
    }
    return;
  }
  change(c, object, first / 64u, 1ull << first % 64u);
  if (units > 1u) {
    const uint64_t last = first + units - 1u;
    change(c, object, last / 64u, 1ull << last % 64u);
  }
  if (units > 2u) {
    const uint64_t some = first + 1u + STRESS_OBJECT_TAG(object) * 40503u % (units - 2u);
    change(c, object, some / 64u, 1ull << some % 64u);
  }
}

/* ---- contents ---- */
/* Of `words`: all, or the first and the last; 0: no more. */
static inline uint64_t word_after(const struct churn *c, uint64_t word, uint64_t words)
{
  return c->s->is_thorough || word + 1u >= words ? word + 1u : words - 1u;
}

/* Byte `at` of what is filled with the value: so a part of a word says whose it is, too. */
static inline unsigned char fill_byte(uint64_t value, uint64_t at)
{
  return (unsigned char)(value >> at % 8u * 8u);
}

static inline void fill(struct churn *c, uint64_t object)
{
  const uint64_t bytes = STRESS_OBJECT_BYTES(object);
  const uint64_t value = STRESS_FILL(c->context, STRESS_OBJECT_TAG(object));
  unsigned char *p = address_of(c, object);
  for (uint64_t i = 0u; i < bytes / 8u; i = word_after(c, i, bytes / 8u)) {
    ((uint64_t *)(void *)p)[i] = value;
  }
  for (uint64_t i = bytes & ~7ull; i < bytes; i++) {
    p[i] = fill_byte(value, i);
  }
}

/* The first `bytes` bytes are still what was filled in. */
static inline void look(struct churn *c, uint64_t object, const unsigned char *p, uint64_t bytes)
{
  const uint64_t value = STRESS_FILL(c->context, STRESS_OBJECT_TAG(object));
  const uint64_t words = STRESS_OBJECT_BYTES(object) / 8u;
  for (uint64_t i = 0u; i < words && i * 8u + 8u <= bytes; i = word_after(c, i, words)) {
    const uint64_t is = ((const uint64_t *)(const void *)p)[i];
    if (is != value) {
      wrong(c, STRESS_CONTENT, object, is, value);
    }
  }
  for (uint64_t i = words * 8u; i < bytes; i++) {
    if (p[i] != fill_byte(value, i)) {
      wrong(c, STRESS_CONTENT, object, p[i], fill_byte(value, i));
    }
  }
}

/* What lies in memory that is new to us: nothing that another context wrote; or zero. */
static inline void look_new(struct churn *c, uint64_t object, bool is_zero)
{
  const uint64_t bytes = STRESS_OBJECT_BYTES(object);
  const uint64_t *word = (const uint64_t *)(const void *)address_of(c, object);
  for (uint64_t i = 0u; i < bytes / 8u; i = word_after(c, i, bytes / 8u)) {
    if (is_zero && word[i] != 0u) {
      wrong(c, STRESS_NOT_ZERO, object, word[i], i);
    }
    if (word[i] >> 24 == STRESS_MAGIC && (word[i] >> 16 & 0xffu) != c->context) {
      wrong(c, STRESS_FOREIGN, object, word[i], c->context);
    }
  }
}
