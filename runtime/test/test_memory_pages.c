/* test_memory_pages.c - runs of pages, quotas, contexts, and the calls made of gr_alloc and
 * gr_free. Next: test_device_memory.c. */
#include "test_memory.h"

Test(memory_pages, bits_in_a_row)
{
  cr_assert_eq(gr_bits_find(0, 1), 64);
  cr_assert_eq(gr_bits_find(1ull << 63, 1), 63);
  cr_assert_eq(gr_bits_find(UINT64_MAX, 64), 0);
  cr_assert_eq(gr_bits_find(UINT64_MAX - 1u, 64), 64);
  cr_assert_eq(gr_bits_find(0x7ull << 40 | 0x3, 3), 40);
  for (uint32_t count = 1; count <= 64; count++) {
    for (uint32_t at = 0; at + count <= 64; at++) {
      cr_assert_eq(gr_bits_find(gr_bits_run(at, count), count), at);
      cr_assert(count == 64 || gr_bits_find(gr_bits_run(at, count), count + 1u) == 64);
    }
  }
}

Test(memory_pages, runs_of_any_length_up_to_all)
{
  struct memory *t = memory_begin(5000);
  struct gr_team *team = memory_task(t, 0, 0);
  for (uint64_t pages = 3; pages <= 5000; pages = pages * 3u / 2u) {
    unsigned char *run = gr_alloc(team, pages * GR_PAGE_BYTES);
    cr_assert_not_null(run);
    cr_assert_eq(memory_pages_free(t), 5000u - pages);
    run[0] = run[pages * GR_PAGE_BYTES - 1u] = 1;
    cr_assert_eq(gr_free(team, run), GR_OK);
  }
  void *all = gr_alloc(team, 5000u * GR_PAGE_BYTES);
  cr_assert_not_null(all);
  cr_assert_null(gr_alloc(team, 16));
  cr_assert_eq(gr_alloc_why(team), GR_E_NOMEM);
  cr_assert_eq(gr_free(team, all), GR_OK);
  cr_assert_null(gr_alloc(team, 5000u * GR_PAGE_BYTES + 1u));
  cr_assert_eq(gr_alloc_why(team), GR_E_NOMEM);
  cr_assert_null(gr_alloc(team, UINT64_MAX));
  cr_assert_null(gr_alloc(team, 0));
  cr_assert_eq(gr_alloc_why(team), GR_E_INVAL);
  memory_end(t);
}

Test(memory_pages, a_run_is_found_wherever_it_is)
{
  struct memory *t = memory_begin(640);
  struct gr_team *team = memory_task(t, 0, 0);
  static void *page[640];
  for (uint32_t i = 0; i < 640; i++) {
    page[i] = gr_alloc(team, 3u * GR_PAGE_BYTES); /* runs of 3, until there are none */
    if (page[i] == NULL) {
      break;
    }
  }
  for (uint32_t length = 3; length <= 150; length += 21) {
    for (uint32_t from = 0; from + length / 3u < 213u; from += 31u) {
      for (uint32_t i = from; i < from + length / 3u; i++) {
        cr_assert_eq(gr_free(team, page[i]), GR_OK);
      }
      unsigned char *run = gr_alloc(team, length * GR_PAGE_BYTES);
      cr_assert_not_null(run, "%u pages from %u on", length, from);
      cr_assert_null(gr_alloc(team, 3u * GR_PAGE_BYTES));
      cr_assert_eq(gr_free(team, run), GR_OK);
      for (uint32_t i = from; i < from + length / 3u; i++) {
        page[i] = gr_alloc(team, 3u * GR_PAGE_BYTES);
        cr_assert_not_null(page[i]);
      }
    }
  }
  for (uint32_t i = 0; i < 213; i++) {
    cr_assert_eq(gr_free(team, page[i]), GR_OK);
  }
  memory_end(t);
}

/* Words of pages that are all free are claimed at once, split for less, and whole again. */
Test(memory_pages, whole_words_are_split_and_whole_again)
{
  struct memory *t = memory_begin(64u * 130u + 5u);
  struct gr_memory *m = &t->dev->memory;
  cr_assert_eq(m->map[GR_MAP_WHOLE][2].v, 3u);
  cr_assert_eq(m->map[0][130].v, 31u); /* a word that has no more pages is never whole */
  cr_assert_eq(gr_pages_claim(m, 3u, 1u, 64u * 130u), 64u * 130u);
  cr_assert_eq(gr_pages_claim(m, 3u, 1u, 0u), 0u);
  cr_assert_eq(m->map[0][0].v, ~7ull);
  cr_assert_eq(m->map[GR_MAP_WHOLE][0].v, ~1ull);
  cr_assert_eq(gr_pages_claim(m, 63u, 1u, 0u), 3u); /* on into the next, which is whole */
  cr_assert_eq(m->map[0][1].v, ~3ull);
  cr_assert_eq(gr_pages_claim(m, 64u * 128u, 1u, 0u), 66u); /* all that are, but for 62 pages */
  cr_assert_eq(gr_pages_claim(m, 64u, 1u, 0u), GR_PAGES_NONE);
  for (uint32_t i = 0; i < 3; i++) {
    cr_assert_eq(m->map[GR_MAP_WHOLE][i].v, 0u);
  }
  cr_assert_eq(m->map[GR_MAP_WHOLE + 1u][0].v, 0u);
  gr_pages_release(m, 66u, 64u * 128u);
  gr_pages_release(m, 0u, 66u);
  gr_pages_release(m, 64u * 130u, 3u);
  cr_assert_eq(m->map[GR_MAP_WHOLE][0].v, ~2ull); /* word 1 came back in two parts */
  cr_assert_eq(m->map[0][1].v, ~0ull);
  cr_assert_eq(m->map[GR_MAP_WHOLE][2].v, 1u);
  cr_assert_eq(m->map[GR_MAP_WHOLE + 1u][0].v, 7u);
  cr_assert_eq(gr_pages_claim(m, 64u * 130u + 5u, 1u, 0u), 0u);
  gr_pages_release(m, 0u, 64u * 130u + 5u);
  for (uint32_t i = 0; i < 5; i++) {
    gr_moves_end(m, true);
  }
  memory_end(t);
}

Test(memory_pages, alignment)
{
  struct memory *t = memory_begin(1024);
  struct gr_team *team = memory_task(t, 0, 0);
  for (uint64_t align = 1; align <= 1u << 20; align *= 2) {
    for (uint64_t bytes = 1; bytes < 100000; bytes = bytes * 3u + 1u) {
      void *one = gr_alloc_aligned(team, bytes, align);
      void *two = gr_alloc_aligned(team, bytes, align);
      cr_assert(one != NULL && two != NULL && one != two);
      cr_assert_eq((uintptr_t)one % align, 0); /* wherever the memory begins */
      cr_assert_eq((uintptr_t)two % align, 0);
      cr_assert_eq(gr_free(team, one), GR_OK);
      cr_assert_eq(gr_free(team, two), GR_OK);
    }
  }
  const uint64_t bad[] = {0, 3, 48, 1ull << 40};
  for (uint32_t i = 0; i < 4; i++) {
    cr_assert_null(gr_alloc_aligned(team, 16, bad[i]));
    cr_assert_eq(gr_alloc_why(team), GR_E_INVAL);
  }
  memory_end(t);
}

Test(memory_pages, calloc_and_realloc)
{
  struct memory *t = memory_begin(64);
  struct gr_team *team = memory_task(t, 0, 0);
  unsigned char *p = gr_alloc(team, 200);
  memset(p, 0xff, 200);
  gr_free(team, p);
  cr_assert_eq(gr_calloc(team, 10, 20), p);
  for (uint32_t i = 0; i < 200; i++) {
    cr_assert_eq(p[i], 0);
    p[i] = (unsigned char)i;
  }
  cr_assert_eq(gr_realloc(team, p, 207), p);
  p = gr_realloc(team, p, 50000);
  for (uint32_t i = 0; i < 200; i++) {
    cr_assert_eq(p[i], (unsigned char)i);
  }
  p = gr_realloc(team, p, 30);
  cr_assert_eq(p[29], 29);
  cr_assert_null(gr_realloc(team, p, 1ull << 40)); /* and p is as it was */
  cr_assert_eq(gr_alloc_why(team), GR_E_NOMEM);
  cr_assert_eq(p[29], 29);
  cr_assert_null(gr_realloc(team, p, 0));
  cr_assert_null(gr_realloc(team, p, 10)); /* it is gone */
  cr_assert_eq(gr_alloc_why(team), GR_E_FAULT);
  cr_assert_null(gr_calloc(team, UINT64_MAX / 2u, 16));
  p = gr_realloc(team, NULL, 10);
  cr_assert_eq(gr_free(team, p), GR_OK);
  memory_end(t);
}

Test(memory_pages, a_quota_binds_exactly)
{
  struct memory *t = memory_begin(64);
  struct gr_team *team = memory_task(t, 0, 3);
  t->dev->memory.arena[3].quota.v = 10;
  void *run = gr_alloc(team, 10u * GR_PAGE_BYTES);
  cr_assert_not_null(run);
  cr_assert_null(gr_alloc(team, 16));
  cr_assert_eq(gr_alloc_why(team), GR_E_DQUOT);
  cr_assert_not_null(gr_alloc(memory_task(t, 1, 0), 16)); /* nobody else's */
  cr_assert_eq(gr_free(team, run), GR_OK);
  cr_assert_null(gr_alloc(team, 11u * GR_PAGE_BYTES));
  run = gr_alloc(team, 9u * GR_PAGE_BYTES);
  void *slot = gr_alloc(team, 16);
  cr_assert(run != NULL && slot != NULL);
  cr_assert_null(gr_alloc(team, 64));
  cr_assert_eq(GR_USE_PAGES(t->dev->memory.arena[3].use.v), 10);
  cr_assert_eq(gr_free(team, slot), GR_OK);
  gr_heap_leave(team);
  cr_assert_not_null(slot = gr_alloc(team, 64)); /* the empty block's page is another's */
  gr_free(team, slot);
  gr_free(team, run);
}

Test(memory_pages, another_context_gets_them_clean)
{
  struct memory *t = memory_begin(16);
  for (uint32_t round = 0; round < 6; round++) {
    struct gr_team *team = memory_task(t, 0, round % 3u);
    unsigned char *all = gr_alloc(team, 16u * GR_PAGE_BYTES);
    cr_assert_not_null(all);
    for (uint32_t i = 0; i < 16u * GR_PAGE_BYTES; i++) {
      cr_assert_eq(all[i], 0, "byte %u of round %u", i, round);
    }
    memset(all, 0xa5, 16u * GR_PAGE_BYTES);
    cr_assert_eq(gr_free(team, all), GR_OK);
  }
  memory_end(t);
}

/* What the op that reset it had at hand is not handed out again. */
Test(memory_pages, who_resets_an_arena_has_nothing_of_it_at_hand)
{
  struct memory *t = memory_begin(16);
  struct gr_team *one = memory_task(t, 0, 1), *two = memory_task(t, 1, 2);
  void *p = gr_alloc(one, 4000), *q = gr_alloc(one, 4000);
  cr_assert_eq(gr_free(one, p), GR_OK);
  gr_arena_reset(one, 1);
  cr_assert_eq(gr_free(one, q), GR_E_FAULT);
  unsigned char *all = gr_alloc(two, 16u * GR_PAGE_BYTES); /* in the same op of one's */
  cr_assert_not_null(all);
  cr_assert_null(gr_alloc(one, 4000));
  cr_assert_eq(gr_free(two, all), GR_OK);
  cr_assert_not_null(p = gr_alloc(one, 4000));
  cr_assert_eq(GR_USE_PAGES(t->dev->memory.arena[1].use.v), 16u - memory_pages_free(t));
  cr_assert_eq(gr_free(one, p), GR_OK);
  memory_end(t);
}
