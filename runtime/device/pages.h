/* pages.h - runs of pages, from two bitmaps, with levels above them that say where to look.
 *
 *   map[0]  a bit per free page                    map[1], map[2]  the words below that are not 0
 *   map[3]  a bit per *whole* word: all its 64     map[4]          the same
 *           pages are free, and its word of
 *           map[0] is 0
 *
 * map[0] and map[3] are the truth; the levels above may be wrong for a moment (M6). A run within
 * one word is claimed by one CAS. Who needs less than a whole word claims it and puts the rest into
 * map[0] (it is *split*); a word is whole again when a run that has all of it is given back. So 64
 * words in a row, which are 16 MiB, take one CAS and one or.
 *
 * A long run is claimed from left to right and given back when something in between has been taken
 * by another; of several who are in each other's way the rightmost meets only what is there to
 * stay, so somebody always gets on. A team that stops for ever keeps what it claimed, and holds up
 * nobody.
 *
 * What is claimed is on its way (M7) until who has it says gr_moves_end.
 *
 * Next: slab.h. */
#pragma once

#include "device/team.h"

#define GR_PAGES_NONE  UINT32_MAX
#define GR_MOVES_TRIES 64u /* searches while something is on its way */

/* ---- what is on its way ---- */
GR_DEV void gr_moves_begin(struct gr_memory *m)
{
  gr_add_acqrel_gpu_u64(&m->moves, 1u);
}
/* has_moved: it is, or was for a moment, elsewhere than before. */
GR_DEV void gr_moves_end(struct gr_memory *m, bool has_moved)
{
  gr_add_acqrel_gpu_u64(&m->moves, (has_moved ? GR_MOVES_ONE : 0u) - 1u);
}
/* A search that began with `moves` found nothing: is that so? If not, it is worth another. */
GR_DEV bool gr_moves_is_final(struct gr_memory *m, uint64_t moves)
{
  return (uint32_t)moves == 0u && gr_load_acquire_gpu_u64(&m->moves) == moves;
}
/* The longer the oftener: of two that are in each other's way one gets on. */
GR_DEV void gr_moves_wait(uint32_t tries)
{
  for (uint32_t i = 0u; i < (uint32_t)1 << (tries < 8u ? tries : 8u); i++) {
    gr_pause();
  }
}

/* ---- bits ---- */
GR_DEV uint64_t gr_bits_from(uint32_t bit)
{
  return ~(uint64_t)0 << (bit & 63u);
}
/* `count` (1 to 64) bits from `bit` on; those that would be above bit 63 are left out. */
GR_DEV uint64_t gr_bits_run(uint32_t bit, uint32_t count)
{
  return (count >= 64u ? ~(uint64_t)0 : ((uint64_t)1 << count) - 1u) << bit;
}
/* The lowest of `count` set bits in a row, or 64. */
GR_DEV uint32_t gr_bits_find(uint64_t word, uint32_t count)
{
  for (uint32_t have = 1u; have < count && word != 0u;) {
    const uint32_t more = have < count - have ? have : count - have;
    word &= word >> more; /* each bit that is left has `have + more` set ones from it on */
    have += more;
  }
  return word != 0u ? gr_bits_lowest_u64(word) : 64u;
}

/* ---- where to look ---- */
/* Word `index` of a level above map[0] and of the one above map[3] at once, from bit `from` on. */
GR_DEV uint64_t gr_map_both(const struct gr_memory *m, uint32_t level, uint32_t index,
                            uint32_t from)
{
  return (gr_load_relaxed_gpu_u64(&m->map[level][index]) |
          gr_load_relaxed_gpu_u64(&m->map[GR_MAP_WHOLE + level - 1u][index])) &
         gr_bits_from(from);
}
/* The first word of pages at or after `word` that has a free one, by the levels above; or NONE. */
GR_DEV uint32_t gr_map_next(const struct gr_memory *m, uint32_t word)
{
  while (word < m->words[0]) {
    uint32_t above = word >> 6;
    const uint64_t bits = gr_map_both(m, 1u, above, word);
    if (bits != 0u) {
      return (above << 6) + gr_bits_lowest_u64(bits);
    }
    uint64_t high = 0u;
    for (above++; above < m->words[1]; above = ((above >> 6) + 1u) << 6) {
      high = gr_map_both(m, 2u, above >> 6, above);
      if (high != 0u) {
        above = (above & ~63u) + gr_bits_lowest_u64(high);
        break;
      }
    }
    word = high != 0u ? above << 6 : m->words[0];
  }
  return GR_PAGES_NONE;
}

GR_DEV bool gr_word_is_whole(const struct gr_memory *m, uint32_t word)
{
  return (gr_load_relaxed_gpu_u64(&m->map[GR_MAP_WHOLE][word >> 6]) >> (word & 63u) & 1u) != 0u;
}
/* For who looks at all, while nobody claims. */
GR_DEV bool gr_page_is_free(const struct gr_memory *m, uint32_t page)
{
  return (gr_load_relaxed_gpu_u64(&m->map[0][page >> 6]) >> (page & 63u) & 1u) != 0u ||
         gr_word_is_whole(m, page >> 6);
}

GR_DEV bool gr_map_is_top(uint32_t level)
{
  return level == GR_MAP_WHOLE - 1u || level == GR_MAP_LEVELS - 1u;
}

/* Who made a word not 0 says so: its bit in word `index` of the level above, and what is above. */
GR_DEV void gr_map_filled(struct gr_memory *m, uint32_t level, uint32_t index, uint64_t bit)
{
  while (gr_or_acqrel_gpu_u64(&m->map[level][index], bit) == 0u && !gr_map_is_top(level)) {
    bit = (uint64_t)1 << (index & 63u);
    index >>= 6;
    level++;
  }
}

/* Who made word `index` of `level` 0 says so above, and looks again (M6). */
GR_DEV void gr_map_emptied(struct gr_memory *m, uint32_t level, uint32_t index)
{
  for (; !gr_map_is_top(level); level++, index >>= 6) {
    const uint64_t bit = (uint64_t)1 << (index & 63u);
    const uint64_t before = gr_and_acqrel_gpu_u64(&m->map[level + 1u][index >> 6], ~bit);
    if (gr_load_relaxed_gpu_u64(&m->map[level][index]) != 0u) {
      gr_map_filled(m, level + 1u, index >> 6, bit);
      return;
    }
    if ((before & ~bit) != 0u) {
      return;
    }
  }
}

/* ---- claim and release ---- */
/* Bits of one word of level 0 or GR_MAP_WHOLE, all or none. False: some are not there. */
GR_DEV bool gr_map_claim(struct gr_memory *m, uint32_t level, uint32_t index, uint64_t bits)
{
  uint64_t have = gr_load_relaxed_gpu_u64(&m->map[level][index]);
  while ((have & bits) == bits) {
    const uint64_t seen = gr_cas_acqrel_gpu_u64(&m->map[level][index], have, have & ~bits);
    if (seen == have) {
      if (have == bits) {
        gr_map_emptied(m, level, index);
      }
      return true;
    }
    have = seen;
  }
  return false;
}

/* Pages of a word become free: any team, who has them. */
GR_DEV void gr_pages_put(struct gr_memory *m, uint32_t word, uint64_t bits)
{
  if (bits != 0u && gr_or_release_gpu_u64(&m->map[0][word], bits) == 0u) {
    gr_map_filled(m, 1u, word >> 6, (uint64_t)1 << (word & 63u));
  }
}

/* Pages of a whole word; the others are put where anybody finds them. */
GR_DEV bool gr_pages_split(struct gr_memory *m, uint32_t word, uint64_t bits)
{
  if (!gr_map_claim(m, GR_MAP_WHOLE, word >> 6, (uint64_t)1 << (word & 63u))) {
    return false;
  }
  gr_pages_put(m, word, ~bits);
  return true;
}

/* How many words in a row, from page `at` on, belong to a run that ends there; of those that have
 * their bits in one word of map[3]. */
GR_DEV uint32_t gr_pages_words(uint32_t at, uint32_t end)
{
  const uint32_t room = 64u - (at >> 6 & 63u), words = (end - at) >> 6;
  return (at & 63u) != 0u ? 0u : words < room ? words : room;
}

/* Gives back `count` pages from `first` on: any team, who has them. */
GR_DEV void gr_pages_release(struct gr_memory *m, uint32_t first, uint32_t count)
{
  const uint32_t end = first + count;
  for (uint32_t at = first; at < end;) {
    const uint32_t word = at >> 6, words = gr_pages_words(at, end);
    if (words == 0u) {
      gr_pages_put(m, word, gr_bits_run(at & 63u, end - at));
      at = (at & ~63u) + 64u;
      continue;
    }
    if (gr_or_release_gpu_u64(&m->map[GR_MAP_WHOLE][word >> 6], gr_bits_run(word & 63u, words)) ==
        0u) {
      gr_map_filled(m, GR_MAP_WHOLE + 1u, word >> 12, (uint64_t)1 << (word >> 6 & 63u));
    }
    at += 64u * words;
  }
  gr_add_acqrel_gpu_u64(&m->moves, GR_MOVES_ONE);
}

/* What a run has from page `at` on within a word, or within 64 that are whole. Returns where that
 * ends, or `at`: it is not free. */
GR_DEV uint32_t gr_pages_claim_part(struct gr_memory *m, uint32_t at, uint32_t end)
{
  const uint32_t word = at >> 6, words = gr_pages_words(at, end);
  if (words != 0u &&
      gr_map_claim(m, GR_MAP_WHOLE, word >> 6, gr_bits_run(word & 63u, words))) {
    return at + 64u * words;
  }
  const uint64_t bits = gr_bits_run(at & 63u, end - at);
  const bool is_mine = gr_map_claim(m, 0u, word, bits) || gr_pages_split(m, word, bits);
  return is_mine ? (at & ~63u) + 64u : at;
}

/* `count` (2 or more) pages from `first` on, all or none: from left to right. */
GR_DEV bool gr_pages_claim_run(struct gr_memory *m, uint32_t first, uint32_t count)
{
  const uint32_t end = first + count;
  uint32_t at = first, next = first;
  gr_moves_begin(m);
  do {
    at = next;
    next = gr_pages_claim_part(m, at, end);
  } while (next != at && next < end);
  if (next >= end) {
    return true;
  }
  if (at > first) {
    gr_pages_release(m, first, at - first);
  }
  gr_moves_end(m, false);
  return false;
}

/* A run of `count` (up to 64) that begins with the free pages at the end of this word, and goes on
 * in the next; or GR_PAGES_NONE. */
GR_DEV uint32_t gr_pages_claim_across(struct gr_memory *m, uint32_t count, uint32_t word)
{
  const uint64_t used = ~gr_load_relaxed_gpu_u64(&m->map[0][word]);
  const uint32_t here = used != 0u ? 63u - gr_bits_highest_u64(used) : 64u;
  if (here == 0u || here >= count || word + 1u == m->words[0]) {
    return GR_PAGES_NONE;
  }
  const uint64_t there = gr_bits_run(0u, count - here);
  const uint32_t next = word + 1u, first = (next << 6) - here;
  const bool is_free =
      (gr_load_relaxed_gpu_u64(&m->map[0][next]) & there) == there || gr_word_is_whole(m, next);
  return is_free && gr_pages_claim_run(m, first, count) ? first : GR_PAGES_NONE;
}

/* First fit for a short run, beginning between words `from` and `end`. */
GR_DEV uint32_t gr_pages_claim_within(struct gr_memory *m, uint32_t count, uint32_t from,
                                      uint32_t end)
{
  for (uint32_t word = gr_map_next(m, from); word < end; word = gr_map_next(m, word + 1u)) {
    for (;;) {
      const uint64_t have = gr_load_relaxed_gpu_u64(&m->map[0][word]);
      const uint32_t bit = gr_bits_find(have, count);
      const bool is_whole = bit == 64u && gr_word_is_whole(m, word);
      if (bit == 64u && !is_whole) {
        const uint32_t first = gr_pages_claim_across(m, count, word);
        if (first != GR_PAGES_NONE) {
          return first;
        }
        break;
      }
      gr_moves_begin(m);
      if (is_whole ? gr_pages_split(m, word, gr_bits_run(0u, count))
                   : gr_map_claim(m, 0u, word, gr_bits_run(bit, count))) {
        return (word << 6) + (is_whole ? 0u : bit);
      }
      gr_moves_end(m, false);
    }
  }
  return GR_PAGES_NONE;
}

/* Free pages in a row at or after `page`: in its word, or in whole words with their bits in one
 * word of map[3]. From `first` up to what is returned; none: both are where to look on. */
GR_DEV uint32_t gr_pages_row(const struct gr_memory *m, uint32_t page, uint32_t *first)
{
  const uint64_t whole =
      gr_load_acquire_gpu_u64(&m->map[GR_MAP_WHOLE][page >> 12]) >> (page >> 6 & 63u);
  const uint32_t begin = page & ~63u, next = begin + 64u;
  *first = page;
  if ((whole & 1u) != 0u) {
    return whole == ~(uint64_t)0 ? begin + 4096u : begin + 64u * gr_bits_lowest_u64(~whole);
  }
  const uint64_t bits = gr_load_acquire_gpu_u64(&m->map[0][page >> 6]) & gr_bits_from(page);
  *first = bits != 0u ? begin + gr_bits_lowest_u64(bits) : next;
  const uint64_t used = bits != 0u ? ~bits & gr_bits_from(*first) : 0u;
  return used != 0u ? begin + gr_bits_lowest_u64(used) : next;
}

/* Anywhere, by the truth alone: first fit over all of it. It is the address that is aligned; that
 * of page 0 may not be. */
GR_DEV uint32_t gr_pages_claim_anywhere(struct gr_memory *m, uint32_t count, uint32_t align)
{
  const uint32_t skew = (uint32_t)((uintptr_t)m->base >> GR_PAGE_SHIFT) & (align - 1u);
  uint32_t first = 0u, have = 0u; /* free pages in a row, from `first` on */
  for (uint32_t page = 0u; page < m->pages;) {
    uint32_t start = 0u;
    const uint32_t end = gr_pages_row(m, page, &start);
    if (start != page) { /* the row ends here */
      have = 0u;
      page = start;
      continue;
    }
    if (have == 0u) {
      first = ((page + skew + align - 1u) & ~(align - 1u)) - skew;
      have = first < end ? end - first : 0u;
    } else {
      have += end - page;
    }
    if (have >= count) {
      if (gr_pages_claim_run(m, first, count)) {
        return first;
      }
      have = 0u;
      page = first + 1u; /* what is free there now? */
      continue;
    }
    page = end;
  }
  return GR_PAGES_NONE;
}

/* Any lane. `count` pages in a row, the first aligned to `align` (a power of two) pages, near page
 * `hint` if that is easy: now on their way. GR_PAGES_NONE: there is no such run. */
GR_DEV_APART uint32_t gr_pages_claim(struct gr_memory *m, uint32_t count, uint32_t align,
                                     uint32_t hint)
{
  uint32_t page = GR_PAGES_NONE;
  if (count > m->pages) {
    return page;
  }
  if (count <= 64u && align == 1u) {
    page = gr_pages_claim_within(m, count, hint >> 6, m->words[0]);
    if (page == GR_PAGES_NONE && hint >> 6 != 0u) {
      page = gr_pages_claim_within(m, count, 0u, hint >> 6);
    }
  }
  return page != GR_PAGES_NONE ? page : gr_pages_claim_anywhere(m, count, align);
}
