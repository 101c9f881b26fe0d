/* alloc_debug.h - gr_alloc and gr_free while memory is debugged (options.memory_debug).
 *
 * Every object has a guard and a trailer (shared/memory_op.h tells what they look like), so that a
 * second free, a free of what is no object and a write past the end are each told from the others.
 * Slots come from blocks and go back there one by one: magazines stay empty, and what no op has,
 * its block has.
 *
 *   canary      the guard is looked at when the object is freed
 *   poison      what is freed is filled; whether it still is, is looked at when it is handed out
 *               again (slots), and when it leaves quarantine
 *   quarantine  what is freed is given to nobody until GR_QUARANTINE_SLOTS more objects of its
 *               context have been, or there is no other memory
 *   trace       the host tells what is live by op (host/memory_live.c)
 *
 * An object whose guard was written to is freed all the same. One whose trailer was written over
 * is not: what it is cannot be told any more, so it stays where it is until the arena is reset.
 *
 * Any lane, as alloc.h, which includes this at its end. Next: memory_op.h. */
#pragma once

#include "device/alloc.h"
#include "shared/memory_op.h"

/* What a pointer points to the beginning of. */
struct gr_object {
  uint64_t offset;
  uint64_t bytes; /* of its slot or run */
  uint64_t place; /* GR_PLACE */
  uint64_t slots; /* GR_SLOTS of the one; 0: a run */
};

/* ---- what is there ---- */
/* In an error: is this inside of a run of the context's? */
GR_DEV_APART bool gr_run_has(struct gr_memory *m, uint64_t run, uint64_t offset)
{
  const uint32_t page = (uint32_t)(offset >> GR_PAGE_SHIFT);
  for (uint32_t first = page + 1u; first-- != 0u;) {
    const uint64_t tag = gr_load_relaxed_gpu_u64(&m->page[first].tag);
    if (tag != 0u) {
      return tag == run && page - first < gr_load_relaxed_gpu_u32(&m->page[first].pages);
    }
  }
  return false;
}

/* enum gr_memory_error: nothing of the context's begins there. */
GR_DEV uint32_t gr_object_at(struct gr_team *team, uint64_t offset, struct gr_object *object)
{
  struct gr_memory *m = &team->dev->memory;
  const uint64_t key = gr_heap_key(team);
  const uint64_t run = GR_TAG(GR_PAGE_RUN, GR_KEY_OWNER(key), 0u, 0u);
  if (offset >= m->bytes) {
    return GR_MEMORY_FOREIGN;
  }
  const uint32_t page = (uint32_t)(offset >> GR_PAGE_SHIFT);
  const uint64_t tag = gr_load_relaxed_gpu_u64(&m->page[page].tag);
  object->offset = offset;
  if (GR_TAG_KEY(tag) == key) {
    const struct gr_slot at = gr_slot_at(m, offset, tag);
    const uint32_t first = at.group / GR_GROUPS;
    if (at.error == GR_MEMORY_FINE) {
      object->slots = GR_SLOTS(at.group, (uint32_t)1 << at.bit);
      object->bytes = gr_class_bytes(at.class_);
      object->place =
          GR_PLACE(first, GR_BLOCK_GENERATION(gr_load_relaxed_gpu_u64(&m->page[first].word)));
    }
    return at.error;
  }
  if (tag != run) {
    return gr_run_has(m, run, offset) ? GR_MEMORY_INTERIOR : GR_MEMORY_FOREIGN;
  }
  object->slots = 0u;
  object->bytes = (uint64_t)gr_load_relaxed_gpu_u32(&m->page[page].pages) << GR_PAGE_SHIFT;
  object->place = GR_PLACE(page, 0u);
  return (offset & (GR_PAGE_BYTES - 1u)) == 0u ? GR_MEMORY_FINE : GR_MEMORY_INTERIOR;
}

/* A slot that nobody has, as its block knows. */
GR_DEV bool gr_slots_are_in_block(struct gr_memory *m, uint64_t slots)
{
  struct gr_page *block = &m->page[GR_SLOTS_GROUP(slots) / GR_GROUPS];
  const uint32_t group = GR_SLOTS_GROUP(slots) % GR_GROUPS;
  return GR_BLOCK_BUMP(gr_load_relaxed_gpu_u64(&block->word)) <= group ||
         (gr_load_acquire_gpu_u32(&block->free[group]) & GR_SLOTS_MASK(slots)) != 0u;
}

GR_DEV struct gr_trailer *gr_trailer_of(const struct gr_memory *m, const struct gr_object *object)
{
  return (struct gr_trailer *)(void *)(m->base + object->offset + object->bytes - GR_TRAILER_BYTES);
}
GR_DEV uint64_t gr_object_seal(const struct gr_memory *m, const struct gr_object *object,
                               uint64_t what, uint32_t state)
{
  return GR_TRAILER_SEAL(m->secret, object->offset, object->place, what, state);
}

/* enum gr_memory_error: the object is not live. `what`: its trailer's. */
GR_DEV uint32_t gr_object_look(struct gr_memory *m, const struct gr_object *object, uint64_t *what)
{
  struct gr_trailer *trailer = gr_trailer_of(m, object);
  *what = gr_load_relaxed_gpu_u64(&trailer->what);
  const uint64_t seal = gr_load_relaxed_gpu_u64(&trailer->seal);
  if (seal == gr_object_seal(m, object, *what, GR_TRAILER_LIVE)) {
    return GR_MEMORY_FINE;
  }
  if (seal == gr_object_seal(m, object, *what, GR_TRAILER_FREE)) {
    return GR_MEMORY_DOUBLE;
  }
  return object->slots != 0u && gr_slots_are_in_block(m, object->slots) ? GR_MEMORY_INTERIOR
                                                                        : GR_MEMORY_OVERRUN;
}

/* ---- bytes ---- */
GR_DEV void gr_bytes_fill(unsigned char *at, uint64_t from, uint64_t end, uint32_t byte)
{
  for (; from < end && (uintptr_t)(at + from) % 8u != 0u; from++) {
    at[from] = (unsigned char)byte;
  }
  for (; from + 8u <= end; from += 8u) {
    *(uint64_t *)(void *)(at + from) = GR_WORD_OF(byte);
  }
  for (; from < end; from++) {
    at[from] = (unsigned char)byte;
  }
}
GR_DEV bool gr_bytes_are(const unsigned char *at, uint64_t from, uint64_t end, uint32_t byte)
{
  bool are = true;
  for (; from < end && (uintptr_t)(at + from) % 8u != 0u; from++) {
    are = are && at[from] == byte;
  }
  for (; from + 8u <= end; from += 8u) {
    are = are && *(const uint64_t *)(const void *)(at + from) == GR_WORD_OF(byte);
  }
  for (; from < end; from++) {
    are = are && at[from] == byte;
  }
  return are;
}

/* ---- alloc ---- */
/* Memory for `need` bytes, with nothing in it: a slot of class `where`, or a run that begins with a
 * multiple of `where` - GR_CLASSES pages. */
GR_DEV void *gr_debug_take(struct gr_team *team, uint64_t need, uint32_t where)
{
  if (where >= GR_CLASSES) {
    return gr_run_alloc(team, need, where - GR_CLASSES);
  }
  const uint32_t class_ = where;
  const uint64_t slots = gr_slots_find(team, GR_KEY_OWNER(gr_heap_key(team)), class_);
  if (slots == 0u) {
    return NULL;
  }
  const uint64_t rest = gr_slots_after(slots, 1u);
  if (GR_SLOTS_MASK(rest) != 0u) {
    gr_group_give(team, rest);
  }
  return gr_slot_address(&team->dev->memory, gr_class_bytes(class_), GR_SLOTS_GROUP(slots),
                         gr_bits_lowest_u64(slots));
}

/* It is an object from now on. */
GR_DEV void *gr_debug_open(struct gr_team *team, unsigned char *p, uint64_t bytes)
{
  struct gr_memory *m = &team->dev->memory;
  struct gr_object object = {0};
  uint64_t what = 0u;
  gr_object_at(team, (uint64_t)(p - m->base), &object);
  if ((m->debug & GR_DEBUG_POISON) != 0u && object.slots != 0u &&
      gr_object_look(m, &object, &what) == GR_MEMORY_DOUBLE &&
      !gr_bytes_are(p, 0u, object.bytes - GR_TRAILER_BYTES, GR_POISON)) {
    gr_memory_error_note(team, GR_MEMORY_WRITTEN, p);
  }
  if ((m->debug & GR_DEBUG_CANARY) != 0u) {
    gr_bytes_fill(p, bytes, object.bytes - GR_TRAILER_BYTES, GR_GUARD);
  }
  struct gr_trailer *trailer = gr_trailer_of(m, &object);
  what = GR_TRAILER_WHAT(bytes, team->task->op);
  gr_store_relaxed_gpu_u64(&trailer->what, what);
  gr_store_relaxed_gpu_u64(&trailer->seal, gr_object_seal(m, &object, what, GR_TRAILER_LIVE));
  return p;
}

GR_DEV_APART void *gr_debug_alloc(struct gr_team *team, uint64_t bytes, uint64_t align)
{
  const struct gr_memory *m = &team->dev->memory;
  if (bytes > m->bytes) {
    gr_heap_say(team, GR_E_NOMEM);
    return NULL;
  }
  const uint64_t need = bytes + GR_GUARD_BYTES + GR_TRAILER_BYTES;
  uint32_t where = gr_class_aligned(need, align);
  if (where == GR_CLASSES) {
    where += align > GR_PAGE_BYTES ? (uint32_t)(align >> GR_PAGE_SHIFT) : 1u;
  }
  void *p = gr_debug_take(team, need, where);
  if (p == NULL && gr_quarantine_flush(team)) {
    p = gr_debug_take(team, need, where);
  }
  return p == NULL ? NULL : gr_debug_open(team, (unsigned char *)p, bytes);
}

/* ---- free ---- */
/* Nobody's any more. */
GR_DEV void gr_object_give(struct gr_team *team, const struct gr_object *object)
{
  if (object->slots != 0u) {
    gr_group_give(team, object->slots);
  } else {
    gr_run_free(team, team->dev->memory.base + object->offset);
  }
}

/* Out of quarantine. */
GR_DEV_APART void gr_quarantine_end(struct gr_team *team, uint64_t word)
{
  struct gr_memory *m = &team->dev->memory;
  struct gr_object object = {0};
  uint64_t what = 0u;
  const uint32_t generation = gr_arena_generation(m, team->task->context);
  if (GR_QUARANTINE_GENERATION(word) != (generation & 0xffffu) ||
      gr_object_at(team, GR_QUARANTINE_OFFSET(word), &object) != GR_MEMORY_FINE) {
    return; /* of before a reset */
  }
  if (gr_object_look(m, &object, &what) != GR_MEMORY_DOUBLE ||
      ((m->debug & GR_DEBUG_POISON) != 0u &&
       !gr_bytes_are(m->base + object.offset, 0u, object.bytes - GR_TRAILER_BYTES, GR_POISON))) {
    gr_memory_error_note(team, GR_MEMORY_WRITTEN, m->base + object.offset);
  }
  gr_object_give(team, &object);
}

/* What was in place `index` of the context's ring. */
GR_DEV uint64_t gr_quarantine_exchange(struct gr_team *team, uint32_t index, uint64_t word)
{
  struct gr_memory *m = &team->dev->memory;
  gr_au64 *at = &m->quarantine[team->task->context * GR_QUARANTINE_SLOTS +
                               (index & (GR_QUARANTINE_SLOTS - 1u))];
  uint64_t seen = gr_load_relaxed_gpu_u64(at);
  for (;;) {
    const uint64_t before = gr_cas_acqrel_gpu_u64(at, seen, word);
    if (before == seen) {
      return seen;
    }
    seen = before;
  }
}

/* True: something was in it. */
GR_DEV_APART bool gr_quarantine_flush(struct gr_team *team)
{
  bool is_some = false;
  const bool has_one = team->dev->memory.quarantine != NULL;
  for (uint32_t i = 0u; has_one && i < GR_QUARANTINE_SLOTS; i++) {
    const uint64_t word = gr_quarantine_exchange(team, i, 0u);
    if (word != 0u) {
      gr_quarantine_end(team, word);
      is_some = true;
    }
  }
  return is_some;
}

GR_DEV_APART int32_t gr_debug_free(struct gr_team *team, void *p)
{
  struct gr_memory *m = &team->dev->memory;
  struct gr_object object = {0};
  uint64_t what = 0u;
  int32_t status = GR_OK;
  uint32_t error = gr_object_at(team, (uint64_t)((unsigned char *)p - m->base), &object);
  error = error == GR_MEMORY_FINE ? gr_object_look(m, &object, &what) : error;
  const uint64_t live = gr_object_seal(m, &object, what, GR_TRAILER_LIVE);
  if (error == GR_MEMORY_FINE &&
      gr_cas_acqrel_gpu_u64(&gr_trailer_of(m, &object)->seal, live,
                            gr_object_seal(m, &object, what, GR_TRAILER_FREE)) != live) {
    error = GR_MEMORY_DOUBLE; /* by another, at this moment */
  }
  if (error != GR_MEMORY_FINE) {
    return gr_memory_error_note(team, error, p);
  }
  unsigned char *bytes = (unsigned char *)p;
  const uint64_t end = object.bytes - GR_TRAILER_BYTES;
  if ((m->debug & GR_DEBUG_CANARY) != 0u &&
      !gr_bytes_are(bytes, GR_TRAILER_BYTES_OF(what), end, GR_GUARD)) {
    status = gr_memory_error_note(team, GR_MEMORY_OVERRUN, p);
  }
  if ((m->debug & GR_DEBUG_POISON) != 0u) {
    gr_bytes_fill(bytes, 0u, end, GR_POISON);
  }
  if (m->quarantine != NULL && object.bytes <= GR_QUARANTINE_BYTES_MAX) {
    gr_au32 *next = &m->arena[team->task->context].quarantine_next;
    const uint32_t generation = gr_arena_generation(m, team->task->context);
    const uint64_t word = gr_quarantine_exchange(team, gr_add_relaxed_gpu_u32(next, 1u),
                                                 GR_QUARANTINE(generation, object.offset));
    if (word != 0u) {
      gr_quarantine_end(team, word);
    }
    return status;
  }
  gr_object_give(team, &object);
  return status;
}

/* The bytes that were asked for; 0: none of this context's begins at p. */
GR_DEV_APART uint64_t gr_debug_bytes(struct gr_team *team, const void *p)
{
  struct gr_memory *m = &team->dev->memory;
  struct gr_object object = {0};
  uint64_t what = 0u;
  const uint64_t offset = (uint64_t)((const unsigned char *)p - m->base);
  return gr_object_at(team, offset, &object) == GR_MEMORY_FINE &&
                 gr_object_look(m, &object, &what) == GR_MEMORY_FINE
             ? GR_TRAILER_BYTES_OF(what)
             : 0u;
}
