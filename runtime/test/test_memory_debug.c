/* test_memory_debug.c - guards, trailers, poison and quarantine, step by step
 * (device/alloc_debug.h). Next: test_device_memory_host.c. */
#include "test_memory.h"

#include "shared/memory_op.h"

static struct gr_team *debugged(struct memory **t, uint64_t pages, uint32_t debug)
{
  *t = memory_begin_debug(pages, debug);
  struct gr_team *team = memory_task(*t, 0, 0);
  team->own.op = 5;
  return team;
}

static void error_is(struct memory *t, uint32_t number, uint32_t error, const void *p)
{
  const struct gr_memory *m = &t->dev->memory;
  const struct gr_memory_report *report = &m->report[number];
  cr_assert_eq(m->errors.v, number + 1u, "%u errors", m->errors.v);
  cr_assert_eq(report->what.v & 0xffu, error, "%u", (unsigned)report->what.v & 0xffu);
  cr_assert_eq(report->what.v >> 32, 5);
  cr_assert_eq(t->dev->memory.base + report->offset.v, p);
}

/* All pages are free once quarantine and magazines are empty. */
static void debugged_end(struct memory *t)
{
  for (uint32_t context = 0; context < 4u; context++) {
    gr_quarantine_flush(memory_task(t, 0, context));
  }
  memory_end(t);
}

Test(memory_debug, every_size_with_all_of_it_on)
{
  for (uint32_t debug = 1; debug <= GR_DEBUG_ALL; debug++) {
    struct memory *t;
    struct gr_team *team = debugged(&t, 4096, debug);
    static unsigned char *object[600];
    for (uint32_t round = 0; round < 2; round++) {
      for (uint32_t i = 0; i < 600; i++) {
        const uint64_t bytes = 1u + i * i / 8u;
        object[i] = gr_alloc(team, bytes);
        cr_assert_not_null(object[i]);
        cr_assert_eq((uintptr_t)object[i] % 16u, 0);
        cr_assert_eq(gr_alloc_bytes(team, object[i]), bytes);
        memset(object[i], (int)i, bytes);
      }
      for (uint32_t i = 0; i < 600; i++) {
        for (uint64_t at = 0; at < 1u + i * i / 8u; at++) {
          cr_assert_eq(object[i][at], (unsigned char)i);
        }
        cr_assert_eq(gr_free(memory_task(t, i % 4u, 0), object[i]), GR_OK);
      }
    }
    cr_assert_eq(t->dev->memory.errors.v, 0);
    debugged_end(t);
  }
}

Test(memory_debug, every_byte_past_the_end_is_seen)
{
  struct memory *t;
  struct gr_team *team = debugged(&t, 256, GR_DEBUG_CANARY);
  const uint64_t sizes[] = {1, 7, 16, 17, 100, 1024, 8160, 8161, 20000};
  uint32_t errors = 0;
  for (uint32_t i = 0; i < 9; i++) {
    for (uint64_t past = 0; past < 16; past++) {
      unsigned char *p = gr_alloc(team, sizes[i]);
      p[sizes[i] + past] ^= 1u;
      cr_assert_eq(gr_free(team, p), GR_E_FAULT);
      t->dev->memory.errors.v = errors % 8u + 1u; /* reports are few: the last is among them */
      error_is(t, errors % 8u, GR_MEMORY_OVERRUN, p);
      errors = (errors + 1u) % 8u;
      t->dev->memory.errors.v = errors;
      cr_assert_eq(gr_free(team, p), sizes[i] < 8161 ? GR_E_STALE : GR_E_FAULT); /* it was freed */
      t->dev->memory.errors.v = errors;
    }
  }
  debugged_end(t);
}

Test(memory_debug, a_trailer_written_over_keeps_the_object_out_of_use)
{
  struct memory *t;
  struct gr_team *team = debugged(&t, 64, GR_DEBUG_CANARY);
  unsigned char *p = gr_alloc(team, 16), *q = gr_alloc(team, 20000);
  memset(p, 0, 48);
  memset(q, 0, 20480);
  cr_assert_eq(gr_free(team, p), GR_E_FAULT);
  error_is(t, 0, GR_MEMORY_OVERRUN, p);
  cr_assert_eq(gr_free(team, q), GR_E_FAULT);
  error_is(t, 1, GR_MEMORY_OVERRUN, q);
  for (uint32_t i = 0; i < 1000; i++) {
    cr_assert_neq(gr_alloc(team, 16), p);
  }
  gr_arena_reset(team, 0); /* and so nothing is lost */
  gr_stale_sweep(t->team[0]);
  memory_settle(t);
  cr_assert_eq(memory_pages_free(t), 64);
}

Test(memory_debug, frees_of_what_is_no_object_are_told_apart)
{
  struct memory *t;
  struct gr_team *team = debugged(&t, 64, GR_DEBUG_TRACE);
  unsigned char *a = gr_alloc(team, 100), *run = gr_alloc(team, 20000), outside[16];
  const uint64_t slot = t->dev->memory.class_[gr_class_of(132)].bytes;
  cr_assert_eq(gr_free(team, NULL), GR_OK);
  cr_assert_eq(gr_free(team, a + 16), GR_E_INVAL);
  error_is(t, 0, GR_MEMORY_INTERIOR, a + 16);
  cr_assert_eq(gr_free(team, run + 4096), GR_E_INVAL);
  error_is(t, 1, GR_MEMORY_INTERIOR, run + 4096);
  cr_assert_eq(gr_free(team, run + 8), GR_E_INVAL);
  error_is(t, 2, GR_MEMORY_INTERIOR, run + 8);
  cr_assert_lt(gr_free(team, a + slot), 0); /* a slot that nobody was given */
  cr_assert_eq(gr_free(team, outside), GR_E_FAULT);
  cr_assert_eq(t->dev->memory.report[4].what.v & 0xffu, GR_MEMORY_FOREIGN);
  t->dev->memory.errors.v = 5;
  cr_assert_eq(gr_free(memory_task(t, 1, 1), a), GR_E_FAULT); /* another context's */
  cr_assert_eq(gr_free(team, a), GR_OK);
  cr_assert_eq(gr_free(memory_task(t, 2, 0), a), GR_E_STALE); /* by whomever */
  cr_assert_eq(t->dev->memory.report[6].what.v & 0xffu, GR_MEMORY_DOUBLE);
  cr_assert_eq(gr_free(team, a), GR_E_STALE);
  cr_assert_eq(gr_alloc_bytes(team, a), 0);
  cr_assert_eq(gr_free(team, run), GR_OK);
  cr_assert_lt(gr_free(team, run), 0);
  debugged_end(t);
}

Test(memory_debug, quarantine_knows_a_second_free_of_a_run)
{
  struct memory *t;
  struct gr_team *team = debugged(&t, 64, GR_DEBUG_QUARANTINE);
  unsigned char *run = gr_alloc(team, 9000);
  cr_assert_eq(gr_free(team, run), GR_OK);
  cr_assert_eq(gr_free(team, run), GR_E_STALE);
  error_is(t, 0, GR_MEMORY_DOUBLE, run);
  debugged_end(t);
}

Test(memory_debug, a_slot_written_to_after_its_free_is_told_when_it_is_handed_out)
{
  struct memory *t;
  struct gr_team *team = debugged(&t, 64, GR_DEBUG_POISON);
  for (uint32_t at = 0; at < 80; at += 79) { /* its first byte, one of its guard */
    unsigned char *p = gr_alloc(team, 64), *again = NULL;
    cr_assert_eq(gr_free(team, p), GR_OK);
    p[at] = 1;
    for (uint32_t i = 0; i < 1000 && again != p; i++) {
      again = gr_alloc(team, 64);
    }
    cr_assert_eq(again, p);
    error_is(t, at / 79u, GR_MEMORY_WRITTEN, p);
  }
}

Test(memory_debug, a_slot_that_was_another_size_meanwhile_is_not_accused)
{
  struct memory *t;
  struct gr_team *team = debugged(&t, 16, GR_DEBUG_ALL & ~GR_DEBUG_QUARANTINE);
  for (uint32_t round = 0; round < 50; round++) { /* all of it in one size, then in the next */
    void *object[1024];
    uint32_t count = 0;
    for (; count < 1024; count++) {
      object[count] = gr_alloc(team, 20u + round * 37u);
      if (object[count] == NULL) {
        break;
      }
      memset(object[count], 1, 20u + round * 37u);
    }
    cr_assert_gt(count, 8);
    while (count-- != 0) {
      cr_assert_eq(gr_free(team, object[count]), GR_OK);
    }
  }
  cr_assert_eq(t->dev->memory.errors.v, 0);
  debugged_end(t);
}

Test(memory_debug, quarantine_keeps_what_was_freed_from_being_used)
{
  struct memory *t;
  struct gr_team *team = debugged(&t, 256, GR_DEBUG_QUARANTINE | GR_DEBUG_POISON);
  void *p = gr_alloc(team, 64);
  cr_assert_eq(gr_free(team, p), GR_OK);
  for (uint32_t i = 1; i < GR_QUARANTINE_SLOTS; i++) {
    void *q = gr_alloc(team, 64);
    cr_assert_neq(q, p);
    cr_assert_eq(gr_free(team, q), GR_OK);
  }
  ((unsigned char *)p)[3] = 7;
  void *q = gr_alloc(team, 64);
  cr_assert_eq(t->dev->memory.errors.v, 0);
  cr_assert_eq(gr_free(team, q), GR_OK); /* p leaves */
  error_is(t, 0, GR_MEMORY_WRITTEN, p);
  debugged_end(t);
}

Test(memory_debug, quarantine_gives_way_when_there_is_no_other_memory)
{
  struct memory *t;
  struct gr_team *team = debugged(&t, 16, GR_DEBUG_ALL);
  for (uint32_t i = 0; i < 200; i++) {
    void *p = gr_alloc(team, 12000);
    cr_assert_not_null(p, "%u: %d", i, gr_alloc_why(team));
    cr_assert_eq(gr_free(team, p), GR_OK);
  }
  cr_assert_eq(t->dev->memory.errors.v, 0);
  debugged_end(t);
}

Test(memory_debug, quarantine_of_before_a_reset_is_forgotten)
{
  struct memory *t;
  struct gr_team *team = debugged(&t, 1024, GR_DEBUG_ALL);
  for (uint32_t round = 0; round < 5; round++) {
    for (uint32_t i = 0; i < 300; i++) {
      void *p = gr_alloc(team, 16u + 30u * i);
      cr_assert_not_null(p);
      cr_assert_eq(gr_free(team, p), GR_OK);
    }
    void *lost = gr_alloc(team, 100);
    gr_arena_reset(team, 0);
    team = memory_task(t, 0, 0);
    cr_assert_eq(gr_free(team, lost), GR_E_FAULT); /* of before */
    t->dev->memory.errors.v = 0;
  }
  gr_quarantine_flush(team);
  memory_settle(t);
  gr_stale_sweep(t->team[0]);
  cr_assert_eq(memory_pages_free(t), 1024);
}

Test(memory_debug, calloc_realloc_and_alignment)
{
  struct memory *t;
  struct gr_team *team = debugged(&t, 1024, GR_DEBUG_ALL);
  for (uint64_t bytes = 1; bytes < 30000; bytes = bytes * 5u / 3u + 1u) {
    unsigned char *p = gr_calloc(team, bytes, 1);
    for (uint64_t i = 0; i < bytes; i++) {
      cr_assert_eq(p[i], 0);
      p[i] = (unsigned char)i;
    }
    unsigned char *longer = gr_realloc(team, p, bytes + 5u);
    cr_assert(longer != NULL && longer != p);
    unsigned char *shorter = gr_realloc(team, longer, bytes / 2u + 1u);
    cr_assert_eq(gr_alloc_bytes(team, shorter), bytes / 2u + 1u);
    for (uint64_t i = 0; i < bytes / 2u; i++) {
      cr_assert_eq(shorter[i], (unsigned char)i);
    }
    cr_assert_eq(gr_free(team, shorter), GR_OK);
    for (uint64_t align = 1; align <= 65536; align *= 4u) {
      unsigned char *a = gr_alloc_aligned(team, bytes, align);
      cr_assert_not_null(a);
      cr_assert_eq((uint64_t)(a - t->dev->memory.base) % align, 0);
      cr_assert_eq(gr_alloc_bytes(team, a), bytes);
      cr_assert_eq(gr_free(team, a), GR_OK);
    }
  }
  cr_assert_null(gr_alloc(team, 0));
  cr_assert_eq(gr_alloc_why(team), GR_E_INVAL);
  cr_assert_null(gr_alloc(team, UINT64_MAX));
  cr_assert_null(gr_alloc(team, UINT64_MAX - 20u));
  cr_assert_eq(gr_alloc_why(team), GR_E_NOMEM);
  cr_assert_null(gr_alloc_aligned(team, 16, 24));
  cr_assert_eq(gr_alloc_why(team), GR_E_INVAL);
  cr_assert_null(gr_alloc_aligned(team, UINT64_MAX, 16));
  cr_assert_eq(gr_alloc_fixed(team, 16) != NULL, true);
  cr_assert_eq(t->dev->memory.errors.v, 0);
}
