/* test_memory.c - slots: classes, reuse, errors, contexts, step by step. Next: test_memory_pages.c.
 */
#include "test_memory.h"

Test(memory, classes_fit_and_waste_little)
{
  uint32_t last = 0;
  for (uint64_t bytes = 1; bytes <= GR_SLAB_BYTES_MAX; bytes++) {
    const uint32_t class_ = gr_class_of(bytes), has = gr_class_bytes(class_);
    cr_assert_lt(class_, GR_CLASSES);
    cr_assert(class_ == last || class_ == last + 1u, "%llu", (unsigned long long)bytes);
    cr_assert_geq(has, bytes);
    cr_assert(class_ == 0 || gr_class_bytes(class_ - 1u) < bytes);
    cr_assert_eq(has % 16u, 0);
    const uint64_t asked = (bytes + 15u) / 16u * 16u; /* the alignment apart */
    cr_assert_leq((has - asked) * 8u, has, "%llu: %u", (unsigned long long)bytes, has);
    last = class_;
  }
  cr_assert_eq(last, GR_CLASSES - 1u);
  for (uint32_t i = 0; i < GR_CLASSES; i++) {
    struct gr_class class_;
    gr_class_fill(&class_, i);
    const uint32_t all = class_.pages * GR_PAGE_BYTES;
    cr_assert(class_.pages <= GR_BLOCK_PAGES && class_.slots >= (class_.bytes > 4096u ? 2u : 4u));
    cr_assert_leq(gr_groups_of(class_.slots), GR_GROUPS);
    cr_assert_leq(64u * (all - class_.slots * class_.bytes), all, "class %u", i);
    for (uint32_t at = 0; at < all; at++) { /* the reciprocal divides */
      const uint64_t product = (uint64_t)at * class_.reciprocal;
      cr_assert_eq(product >> 32, at / class_.bytes);
      cr_assert_eq((uint32_t)product < class_.reciprocal, at % class_.bytes == 0);
    }
  }
}

Test(memory, every_size_is_apart_from_every_other_and_keeps_its_bytes)
{
  struct memory *t = memory_begin(32768);
  struct gr_team *team = memory_task(t, 0, 0);
  enum { SIZES = 600, EACH = 7 };
  unsigned char *object[SIZES][EACH];
  for (uint32_t i = 0; i < SIZES; i++) {
    const uint64_t bytes = 1u + i * i / 8u; /* 1 to 45 KB: slots and runs */
    for (uint32_t k = 0; k < EACH; k++) {
      object[i][k] = gr_alloc(team, bytes);
      cr_assert_not_null(object[i][k]);
      cr_assert_eq((uintptr_t)object[i][k] % 16u, 0);
      cr_assert_geq(gr_alloc_bytes(team, object[i][k]), bytes);
      memset(object[i][k], (int)(i + k), bytes);
    }
  }
  for (uint32_t i = 0; i < SIZES; i++) {
    for (uint32_t k = 0; k < EACH; k++) {
      for (uint64_t at = 0; at < 1u + i * i / 8u; at++) {
        cr_assert_eq(object[i][k][at], (unsigned char)(i + k));
      }
      cr_assert_eq(gr_free(team, object[i][k]), GR_OK);
    }
  }
  cr_assert_eq(t->dev->memory.errors.v, 0);
  memory_end(t);
}

Test(memory, a_freed_slot_is_the_next_one)
{
  struct memory *t = memory_begin(64);
  struct gr_team *team = memory_task(t, 0, 0);
  void *p = gr_alloc(team, 40);
  cr_assert_eq(gr_free(team, p), GR_OK);
  cr_assert_eq(gr_alloc_fixed(team, 48), p);
  cr_assert_eq(gr_free(team, p), GR_OK);
  memory_end(t);
}

Test(memory, all_of_it_can_be_allocated_and_again)
{
  for (uint64_t bytes = 16; bytes <= 8192; bytes *= 8) {
    struct memory *t = memory_begin(256);
    struct gr_team *team = memory_task(t, 0, 0);
    const uint64_t most = 256u * GR_PAGE_BYTES / bytes;
    void **object = calloc(most, sizeof *object);
    for (int round = 0; round < 3; round++) {
      uint64_t count = 0;
      while ((object[count] = gr_alloc(team, bytes)) != NULL) {
        cr_assert_lt(++count, most + 1u);
        if (count == most) {
          break;
        }
      }
      cr_assert_geq(100u * count, 98u * most, "%llu bytes: %llu", (unsigned long long)bytes,
                    (unsigned long long)count);
      cr_assert_null(gr_alloc(team, bytes));
      cr_assert_eq(gr_alloc_why(team), GR_E_NOMEM);
      for (uint64_t i = 0; i < count; i++) {
        cr_assert_eq(gr_free(team, object[i]), GR_OK);
      }
    }
    free(object);
    memory_end(t);
  }
}

Test(memory, what_one_team_frees_another_can_have)
{
  struct memory *t = memory_begin(64);
  struct gr_team *one = memory_task(t, 0, 0), *two = memory_task(t, 1, 0);
  enum { COUNT = 16000 };
  static void *object[COUNT];
  for (int round = 0; round < 20; round++) {
    for (uint32_t i = 0; i < COUNT; i++) {
      object[i] = gr_alloc(one, 16);
      cr_assert_not_null(object[i], "round %d, %u: %d", round, i, gr_alloc_why(one));
    }
    for (uint32_t i = 0; i < COUNT; i++) {
      cr_assert_eq(gr_free(two, object[(i * 7919u) % COUNT]), GR_OK);
    }
  }
  cr_assert_eq(t->dev->memory.errors.v, 0);
  memory_end(t);
}

Test(memory, one_left_of_each_64_kib_pins_no_more_than_its_page)
{
  struct memory *t = memory_begin(256);
  struct gr_team *team = memory_task(t, 0, 0);
  enum { COUNT = 256 * 4096 / 16 };
  static void *object[COUNT];
  uint32_t count = 0;
  for (; count < COUNT && (object[count] = gr_alloc(team, 16)) != NULL; count++) {
  }
  for (uint32_t i = 0; i < count; i++) {
    if (i % 4096u != 0) {
      cr_assert_eq(gr_free(team, object[i]), GR_OK);
    }
  }
  uint32_t others = 0;
  static void *other[256];
  for (; others < 256 && (other[others] = gr_alloc(team, 4096)) != NULL; others++) {
  }
  cr_assert_geq(others, 232, "%u of 256 pages", others); /* 16 are pinned, 8 pages a block */
  for (uint32_t i = 0; i < others; i++) {
    gr_free(team, other[i]);
  }
  for (uint32_t i = 0; i < count; i += 4096u) {
    gr_free(team, object[i]);
  }
  cr_assert_eq(t->dev->memory.errors.v, 0);
  memory_end(t);
}

static void error_is(struct memory *t, uint32_t number, uint32_t error, const void *p)
{
  const struct gr_memory *m = &t->dev->memory;
  const struct gr_memory_report *report = &m->report[number];
  const uint64_t offset = (uint64_t)((const unsigned char *)p - m->base);
  cr_assert_eq(m->errors.v, number + 1u);
  cr_assert_eq(report->what.v & 0xffu, error);
  cr_assert_eq(report->what.v >> 32, t->team[0]->own.op);
  cr_assert_eq(report->offset.v, offset < m->bytes ? offset : (uint64_t)(uintptr_t)p);
}

Test(memory, wrong_frees_are_named_and_change_nothing)
{
  struct memory *t = memory_begin(64);
  struct gr_team *team = memory_task(t, 0, 0);
  team->own.op = 5;
  unsigned char *a = gr_alloc(team, 100), *b = gr_alloc(team, 100), *run = gr_alloc(team, 20000);
  uint64_t *outside = calloc(2, sizeof *outside);
  cr_assert_eq(gr_free(team, NULL), GR_OK);
  cr_assert_eq(gr_free(team, outside), GR_E_FAULT);
  error_is(t, 0, GR_MEMORY_FOREIGN, outside);
  cr_assert_eq(gr_free(team, a + 16), GR_E_INVAL);
  error_is(t, 1, GR_MEMORY_INTERIOR, a + 16);
  cr_assert_eq(gr_free(team, run + 4096), GR_E_FAULT);
  error_is(t, 2, GR_MEMORY_FOREIGN, run + 4096);
  cr_assert_eq(gr_free(team, run + 8), GR_E_INVAL);
  error_is(t, 3, GR_MEMORY_INTERIOR, run + 8);
  cr_assert_eq(gr_free(team, a), GR_OK);
  cr_assert_eq(gr_free(team, a), GR_E_STALE);
  error_is(t, 4, GR_MEMORY_DOUBLE, a);
  cr_assert_eq(gr_free(memory_task(t, 1, 0), a), GR_E_STALE); /* by whomever */
  cr_assert_eq(gr_free(team, run), GR_OK);
  cr_assert_eq(gr_free(team, run), GR_E_FAULT);               /* its page is nothing now */
  cr_assert_eq(gr_free(memory_task(t, 2, 1), b), GR_E_FAULT); /* another context's */
  cr_assert_eq(gr_alloc_bytes(team, a), 0);
  cr_assert_eq(gr_alloc_bytes(team, b), 112);
  cr_assert_eq(gr_alloc_bytes(team, b + 16), 0);
  cr_assert_eq(gr_alloc_bytes(team, NULL), 0);
  cr_assert_eq(gr_free(team, b), GR_OK);
  free(outside);
  memory_end(t);
}

Test(memory, a_slot_freed_twice_unseen_is_found_when_it_goes_back)
{
  struct memory *t = memory_begin(64);
  struct gr_team *one = memory_task(t, 0, 0), *two = memory_task(t, 1, 0);
  uint64_t *p = gr_alloc(one, 16);
  cr_assert_eq(gr_free(one, p), GR_OK);
  p[1] = 0; /* written after it was freed: the seal is gone */
  cr_assert_eq(gr_free(two, p), GR_OK);
  gr_heap_leave(one);
  cr_assert_eq(t->dev->memory.errors.v, 0);
  gr_heap_leave(two);
  error_is(t, 0, GR_MEMORY_DOUBLE, p); /* who brings it back second says so */
  memory_end(t);
}

Test(memory, a_slot_written_to_after_its_free_is_not_handed_out)
{
  struct memory *t = memory_begin(64);
  struct gr_team *team = memory_task(t, 0, 0);
  team->own.op = 5;
  uint64_t *p = gr_alloc(team, 16), *q = gr_alloc(team, 16);
  cr_assert_eq(gr_free(team, p), GR_OK);
  p[0] = 77;
  cr_assert_neq(gr_alloc(team, 16), p);
  error_is(t, 0, GR_MEMORY_WRITTEN, p);
  cr_assert_eq(gr_free(team, q), GR_OK);
  q[1] = 0;
  cr_assert_eq(gr_free(team, q), GR_OK); /* twice, unseen */
  cr_assert_eq(gr_alloc(team, 16), q);
  cr_assert_neq(gr_alloc(team, 16), q);
  error_is(t, 1, GR_MEMORY_WRITTEN, q);
}

/* Another team needs pages, and finds the block that this one holds empty. */
Test(memory, an_empty_block_that_a_team_holds_becomes_pages_for_another)
{
  struct memory *t = memory_begin(64);
  struct gr_team *one = memory_task(t, 0, 0), *two = memory_task(t, 1, 0);
  gr_free(one, gr_alloc(one, 16));
  gr_list_shed(one, 0, 1);
  one->heap.magazine[0].give.v = 0;
  gr_slots_flush(one, &one->heap.magazine[0].take);
  const uint64_t held = gr_held_of(one, 0)->v;
  const uint32_t page = GR_HELD_PAGE(held);
  cr_assert(held != 0 && gr_block_is_empty(&t->dev->memory, page));
  cr_assert_not(gr_block_retire(two, page)); /* not as long as it is held */
  cr_assert(gr_memory_reclaim(two, GR_KEY_OWNER(gr_heap_key(two)), false));
  cr_assert_eq(gr_held_of(one, 0)->v, 0);
  cr_assert_eq(GR_BLOCK_STATE(t->dev->memory.page[page].word.v), GR_BLOCK_NONE);
  void *p = gr_alloc(one, 16), *q = gr_alloc(two, 16);
  cr_assert(p != NULL && q != NULL && p != q);
  cr_assert_eq(gr_free(one, p), GR_OK);
  cr_assert_eq(gr_free(two, q), GR_OK);
  memory_end(t);
}
