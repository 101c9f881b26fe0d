/* pages.h - runs of pages, from a bitmap with a bit per page and two levels above it that say where
 * to look.
 *
 * The bits of map[0] alone are the truth; map[1] and map[2] have a bit for each word below that is
 * not 0, and may be wrong for a moment (M6). A run within one word is claimed by one CAS. A longer
 * one is claimed word by word from left to right and given back when a word in between has been
 * taken by another; of several who are in each other's way the rightmost meets only what is there
 * to stay, so somebody always gets on. A team that stops for ever keeps what it claimed, and holds
 * up nobody.
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
/* The first word of map[0] at or after `word` that is not 0, by the levels above; or NONE. */
GR_DEV uint32_t gr_map_next(const struct gr_memory *m, uint32_t word)
{
  while (word < m->words[0]) {
    uint32_t above = word >> 6;
    const uint64_t bits = gr_load_relaxed_gpu_u64(&m->map[1][above]) & gr_bits_from(word);
    if (bits != 0u) {
      return (above << 6) + gr_bits_lowest_u64(bits);
    }
    uint64_t high = 0u;
    for (above++; above < m->words[1]; above = ((above >> 6) + 1u) << 6) {
      high = gr_load_relaxed_gpu_u64(&m->map[2][above >> 6]) & gr_bits_from(above);
      if (high != 0u) {
        above = (above & ~63u) + gr_bits_lowest_u64(high);
        break;
      }
    }
    word = high != 0u ? above << 6 : m->words[0];
  }
  return GR_PAGES_NONE;
}

/* Who made words below not 0 says so: their bits of word `index` of `level`, and what is above. */
GR_DEV void gr_map_filled(struct gr_memory *m, uint32_t level, uint32_t index, uint64_t bits)
{
  while (level < GR_MAP_LEVELS && gr_or_acqrel_gpu_u64(&m->map[level][index], bits) == 0u) {
    bits = (uint64_t)1 << (index & 63u);
    index >>= 6;
    level++;
  }
}

/* Who made words of map[0] 0 says so in word `index` of map[1] and above, and looks again (M6). */
GR_DEV void gr_map_emptied(struct gr_memory *m, uint32_t index, uint64_t bits)
{
  for (uint32_t level = 1u; level < GR_MAP_LEVELS; level++) {
    const uint64_t before = gr_and_acqrel_gpu_u64(&m->map[level][index], ~bits);
    uint64_t again = 0u;
    for (uint64_t rest = bits; rest != 0u; rest &= rest - 1u) {
      const uint32_t below = (index << 6) + gr_bits_lowest_u64(rest);
      again |= gr_load_relaxed_gpu_u64(&m->map[level - 1u][below]) != 0u ? rest & (0u - rest) : 0u;
    }
    if (again != 0u) {
      gr_map_filled(m, level, index, again);
      return;
    }
    if ((before & ~bits) != 0u) {
      return;
    }
    bits = (uint64_t)1 << (index & 63u);
    index >>= 6;
  }
}

/* ---- claim and release ---- */
/* Bits of one word, all or none. False: some are not free. Of words that are 0 then the caller has
 * to tell: their bits in map[1] are added to `emptied`. */
GR_DEV bool gr_pages_claim_bits(struct gr_memory *m, uint32_t word, uint64_t bits,
                                uint64_t *emptied)
{
  uint64_t have = gr_load_relaxed_gpu_u64(&m->map[0][word]);
  while ((have & bits) == bits) {
    const uint64_t seen = gr_cas_acqrel_gpu_u64(&m->map[0][word], have, have & ~bits);
    if (seen == have) {
      *emptied |= have == bits ? (uint64_t)1 << (word & 63u) : 0u;
      return true;
    }
    have = seen;
  }
  return false;
}

/* Gives back `count` pages from `first` on: any team, who has them. */
GR_DEV void gr_pages_release(struct gr_memory *m, uint32_t first, uint32_t count)
{
  const uint32_t end = first + count;
  uint64_t filled = 0u;
  for (uint32_t at = first; at < end;) {
    const uint32_t word = at >> 6;
    const uint64_t bits = gr_bits_run(at & 63u, end - at);
    bool is_first = true;
    if (bits == ~(uint64_t)0) { /* a word that is all ours is nobody else's to change */
      gr_store_release_gpu_u64(&m->map[0][word], bits);
    } else {
      is_first = gr_or_release_gpu_u64(&m->map[0][word], bits) == 0u;
    }
    filled |= is_first ? (uint64_t)1 << (word & 63u) : 0u;
    at = (at & ~63u) + 64u;
    if (filled != 0u && (at >= end || (word & 63u) == 63u)) {
      gr_map_filled(m, 1u, word >> 6, filled);
      filled = 0u;
    }
  }
  gr_add_acqrel_gpu_u64(&m->moves, GR_MOVES_ONE);
}

/* `count` (2 or more) pages from `first` on, all or none: from left to right. */
GR_DEV bool gr_pages_claim_run(struct gr_memory *m, uint32_t first, uint32_t count)
{
  const uint32_t end = first + count;
  uint32_t at = first;
  uint64_t emptied = 0u;
  gr_moves_begin(m);
  while (at < end && gr_pages_claim_bits(m, at >> 6, gr_bits_run(at & 63u, end - at), &emptied)) {
    const uint32_t word = at >> 6;
    at = (at & ~63u) + 64u;
    if (emptied != 0u && (at >= end || (word & 63u) == 63u)) {
      gr_map_emptied(m, word >> 6, emptied);
      emptied = 0u;
    }
  }
  if (at >= end) {
    return true;
  }
  if (at > first) { /* where map[1] was not told of it, it is right again */
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
  const uint32_t first = (word << 6) + 64u - here;
  return (gr_load_relaxed_gpu_u64(&m->map[0][word + 1u]) & there) == there &&
                 gr_pages_claim_run(m, first, count)
             ? first
             : GR_PAGES_NONE;
}

/* First fit for a short run, beginning between words `from` and `end`. */
GR_DEV uint32_t gr_pages_claim_within(struct gr_memory *m, uint32_t count, uint32_t from,
                                      uint32_t end)
{
  for (uint32_t word = gr_map_next(m, from); word < end; word = gr_map_next(m, word + 1u)) {
    for (;;) {
      const uint64_t have = gr_load_relaxed_gpu_u64(&m->map[0][word]);
      const uint32_t bit = gr_bits_find(have, count);
      if (bit == 64u) {
        const uint32_t first = gr_pages_claim_across(m, count, word);
        if (first != GR_PAGES_NONE) {
          return first;
        }
        break;
      }
      uint64_t emptied = 0u;
      gr_moves_begin(m);
      if (gr_pages_claim_bits(m, word, gr_bits_run(bit, count), &emptied)) {
        if (emptied != 0u) {
          gr_map_emptied(m, word >> 6, emptied);
        }
        return (word << 6) + bit;
      }
      gr_moves_end(m, false);
    }
  }
  return GR_PAGES_NONE;
}

/* Anywhere, by the truth alone: first fit over all of map[0]. It is the address that is aligned;
 * that of page 0 may not be. */
GR_DEV uint32_t gr_pages_claim_anywhere(struct gr_memory *m, uint32_t count, uint32_t align)
{
  const uint32_t skew = (uint32_t)((uintptr_t)m->base >> GR_PAGE_SHIFT) & (align - 1u);
  uint32_t first = 0u, have = 0u; /* free pages in a row, from `first` on */
  for (uint32_t page = 0u; page < m->pages;) {
    const uint64_t bits = gr_load_acquire_gpu_u64(&m->map[0][page >> 6]) & gr_bits_from(page);
    const uint32_t start =
        bits != 0u ? (page & ~63u) + gr_bits_lowest_u64(bits) : (page & ~63u) + 64u;
    if (start != page) { /* the row ends here */
      have = 0u;
      page = start;
      continue;
    }
    const uint64_t used = ~bits & gr_bits_from(page);
    const uint32_t end =
        used != 0u ? (page & ~63u) + gr_bits_lowest_u64(used) : (page & ~63u) + 64u;
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
