/* scenario_pages.c - protocols of the map of pages (device/pages.h), for every schedule to be
 * tried: a word and the levels above it, runs across words, what is on its way.
 *
 * A plain word per page is written by who has it, so that an owner who does not know what the last
 * one did is found by a race; a run that is claimed twice, by the shadow. Who finds nothing may say
 * so only if nothing moved meanwhile (M7), and here something is always there.
 *
 * Next: scenario_slab.c. */
#include "sim/protocol.h"
#include "sim/scenario_heap.h"

#define H   gr_sim_heap
#define FAR 4096u /* the first page of a word whose bit is in another word of map[1] */

static uint64_t *taken; /* plain, per page that the protocol uses, a line apart */
static uint32_t base;   /* the first of them */
static uint32_t failed; /* claims that found nothing */
static const uint32_t *wanted;

static void begin(uint32_t pages, uint32_t first, uint32_t count)
{
  gr_sim_heap_begin(2u, pages, false);
  gr_sim_heap_use(0u, pages);
  taken = gr_sim_take("taken", count * 128u);
  base = first;
  failed = 0;
}

static void own(uint32_t first, uint32_t count, uint64_t owner)
{
  for (uint32_t page = first; page < first + count; page++) {
    gr_sim_expect(page >= base && (taken[16u * (page - base)] == 0) == (owner != 0));
    taken[16u * (page - base)] = owner;
  }
}

static void give(uint32_t first, uint32_t count)
{
  own(first, count, 0u);
  gr_pages_release(H.m, first, count);
}

/* NONE only if it may be said. */
static uint32_t claim(uint32_t count, uint32_t align, uint32_t hint, uint64_t owner)
{
  for (;;) {
    const uint64_t moves = gr_load_acquire_gpu_u64(&H.m->moves);
    const uint32_t page = gr_pages_claim(H.m, count, align, hint);
    if (page != GR_PAGES_NONE) {
      own(page, count, owner);
      gr_moves_end(H.m, true);
      return page;
    }
    if (gr_moves_is_final(H.m, moves)) {
      return page;
    }
    gr_sim_retry(0);
  }
}

static void *claims_and_gives(void *argument)
{
  const uint32_t me = (uint32_t)(uintptr_t)argument;
  const uint32_t page = claim(wanted[me], 1u, base, me + 1u);
  if (page == GR_PAGES_NONE) {
    failed++;
    return NULL;
  }
  give(page, wanted[me]);
  return NULL;
}

static void two(void *(*other)(void *), void *(*mine)(void *))
{
  const uint32_t id = gr_protocol_spawn("other", other, (void *)1);
  mine(NULL);
  gr_sim_join(id);
  gr_sim_heap_audit_map();
  gr_sim_expect((uint32_t)gr_load_relaxed_gpu_u64(&H.m->moves) == 0u);
}

/* ---- the last page of a word, and of two words of map[1], goes while another comes (M6) ---- */
static void *gives_and_claims(void *argument)
{
  give(FAR + 1u, 1u);
  gr_sim_expect(claim(1u, 1u, FAR, 2u) != GR_PAGES_NONE);
  return argument;
}
static void *claims_once(void *argument)
{
  gr_sim_expect(claim(1u, 1u, FAR, 1u) != GR_PAGES_NONE);
  return argument;
}
static void *gives_once(void *argument)
{
  give(FAR + 1u, 1u);
  return argument;
}
static void last_page(void *(*other)(void *), void *(*mine)(void *))
{
  begin(FAR + 64u, FAR, 64u);
  own(FAR + 1u, 1u, 2u);
  gr_pages_release(H.m, FAR, 1u);
  two(other, mine);
}
void gr_scenario_pages_last(void *argument)
{
  (void)argument;
  last_page(gives_once, claims_once);
}
void gr_scenario_pages_level(void *argument)
{
  (void)argument;
  last_page(gives_and_claims, claims_once);
}

/* Two words below the same word of map[1]: one loses its last page while the other gets one. */
static void *gives_in_the_next(void *argument)
{
  give(FAR + 64u, 1u);
  return argument;
}
void gr_scenario_pages_words(void *argument)
{
  (void)argument;
  begin(FAR + 128u, FAR, 128u);
  own(FAR + 64u, 1u, 2u);
  gr_pages_release(H.m, FAR, 1u);
  two(gives_in_the_next, claims_once);
  gr_sim_expect(gr_map_next(H.m, 0u) == FAR / 64u + 1u); /* found by the levels, not by luck */
}

/* ---- runs ---- */
static void runs(uint32_t words, uint32_t first, uint32_t count, const uint32_t *lengths)
{
  begin(64u * words, 0u, 64u * words);
  gr_pages_release(H.m, first, count);
  wanted = lengths;
  two(claims_and_gives, claims_and_gives);
  gr_sim_expect(failed <= 1u);                         /* somebody gets on */
  gr_sim_expect(claim(count, 1u, first, 1u) == first); /* all or nothing: nothing is left behind */
}
/* Both cross from one word into the next, and there is room for one. */
void gr_scenario_pages_across(void *argument)
{
  static const uint32_t lengths[2] = {3u, 3u};
  (void)argument;
  runs(2u, 62u, 4u, lengths);
}
/* One page that the other's run needs, at its right end. */
void gr_scenario_pages_split(void *argument)
{
  static const uint32_t lengths[2] = {3u, 1u};
  (void)argument;
  runs(2u, 62u, 3u, lengths);
}
/* Longer than a word: three words, from left to right. */
void gr_scenario_pages_long(void *argument)
{
  static const uint32_t lengths[2] = {66u, 66u};
  (void)argument;
  runs(3u, 63u, 66u, lengths);
}

/* Somebody's run lies beside one that is free; an aligned one is sought. */
static void *gives_a_run(void *argument)
{
  give(66u, 2u);
  return argument;
}
static void *claims_aligned(void *argument)
{
  const uint32_t page = claim(2u, 2u, 0u, 1u);
  gr_sim_expect(page == GR_PAGES_NONE || page == 66u);
  failed += page == GR_PAGES_NONE ? 1u : 0u;
  return argument;
}
void gr_scenario_pages_aligned(void *argument)
{
  (void)argument;
  begin(128u, 63u, 8u);
  own(66u, 2u, 2u);
  gr_pages_release(H.m, 63u, 2u); /* a run of 2, but its first page is odd */
  two(gives_a_run, claims_aligned);
  gr_sim_expect(failed == 0u || claim(2u, 2u, 0u, 3u) == 66u);
}

/* ---- whole words ---- */
static void whole(uint32_t words, const uint32_t *lengths)
{
  begin(64u * words, 0u, 64u * words);
  gr_pages_release(H.m, 0u, 64u * words); /* they are whole now */
  gr_sim_expect(H.m->map[0][0].v == 0 && H.m->map[GR_MAP_WHOLE][0].v == gr_bits_run(0u, words));
  wanted = lengths;
  two(claims_and_gives, claims_and_gives);
}
/* Of the same word: one of the two splits it, and nobody may say that there is none. */
void gr_scenario_pages_halves(void *argument)
{
  static const uint32_t lengths[2] = {1u, 63u};
  (void)argument;
  whole(1u, lengths);
  gr_sim_expect(failed == 0u && claim(64u, 1u, 0u, 3u) == 0u);
}
/* All of it, or a page; two words, or one and a page of the other. */
void gr_scenario_pages_whole(void *argument)
{
  static const uint32_t lengths[2] = {64u, 1u};
  (void)argument;
  whole(1u, lengths);
  gr_sim_expect(failed <= 1u && claim(64u, 1u, 0u, 3u) == 0u);
}
void gr_scenario_pages_whole_run(void *argument)
{
  static const uint32_t lengths[2] = {128u, 65u};
  (void)argument;
  whole(2u, lengths);
  gr_sim_expect(failed <= 1u && claim(128u, 1u, 0u, 3u) == 0u);
}
/* The last whole word goes while another comes (M6, of the other two levels). */
static void *gives_a_word(void *argument)
{
  give(64u, 64u);
  return argument;
}
static void *claims_a_word(void *argument)
{
  gr_sim_expect(claim(64u, 1u, 0u, 1u) == 0u);
  return argument;
}
void gr_scenario_pages_whole_last(void *argument)
{
  (void)argument;
  begin(128u, 0u, 128u);
  own(64u, 64u, 2u);
  gr_pages_release(H.m, 0u, 64u);
  two(gives_a_word, claims_a_word);
  gr_sim_expect(gr_map_next(H.m, 0u) == 1u);
}
