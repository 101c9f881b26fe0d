/* scenario_alloc_device.c - a device's life whose tasks allocate: the allocator below the real
 * microkernel, with teams that sleep, change contexts and leave.
 *
 * Each task's object goes to a child (sim_image.c: hand, drop). When the device is closed every
 * team has left, so every block is empty, all of it is counted, and no error is reported.
 *
 * Next: scenario_boundary.c. */
#include <string.h>

#include <grosr/grosr.h>

#include "device/slab.h"
#include "host/grosr_private.h"
#include "sim/scenario.h"

GROSR_IMAGE(sim);

#define TASKS 12u

static uint64_t dice(uint64_t sides)
{
  return gr_sim_random() % sides;
}

/* Takes no step, as gr_page_is_free does. */
__attribute__((no_sanitize("thread"))) static uint32_t page_is_free(const struct gr_memory *m,
                                                                    uint32_t page)
{
  return (m->map[0][page / 64u].v >> page % 64u |
          m->map[GR_MAP_WHOLE][page / 4096u].v >> page / 64u % 64u) &
         1u;
}

/* All that is not free is empty blocks; of no context has anybody anything. */
__attribute__((no_sanitize("thread"))) static void check_memory(const struct gr_memory *m)
{
  uint32_t pages = 0, used = 0;
  gr_sim_expect(m->errors.v == 0 && (uint32_t)m->moves.v == 0);
  for (uint32_t page = 0; page < m->pages; page++) {
    const struct gr_page *block = &m->page[page];
    const uint32_t slots = GR_EXTENT_SLOTS(block->pages.v);
    if (page_is_free(m, page) != 0) {
      gr_sim_expect(block->tag.v == 0);
      pages++;
    } else if (GR_TAG_KIND(block->tag.v) == GR_PAGE_BLOCK && GR_TAG_OFFSET(block->tag.v) == 0) {
      pages += GR_EXTENT_PAGES(block->pages.v);
      gr_sim_expect(GR_BLOCK_STATE(block->word.v) == GR_BLOCK_LISTED);
      for (uint32_t group = 0; group < GR_BLOCK_BUMP(block->word.v); group++) {
        if (block->free[group].v != gr_group_all(slots, group)) {
          gr_sim_fail("page %u, class %u, group %u: of 0x%x only 0x%x are free", page,
                      GR_TAG_CLASS(block->tag.v), group, gr_group_all(slots, group),
                      block->free[group].v);
        }
      }
    }
  }
  for (uint32_t i = 0; i < GR_CONTEXTS_MAX; i++) {
    used += GR_USE_PAGES(m->arena[i].use.v);
  }
  gr_sim_expect(pages == m->pages);
  for (uint32_t i = 0; i < m->pages; i++) {
    used += page_is_free(m, i);
  }
  gr_sim_expect(used == m->pages);
}

static struct grosr *open_device(void)
{
  struct grosr *g;
  struct grosr_options o;
  grosr_options_init(&o);
  o.device = "sim";
  o.image = &grosr_image_sim;
  o.teams = 1u + (uint32_t)dice(3);
  o.lanes = dice(3) == 0 ? 4u : 1u;
  o.idle_mode = (enum grosr_idle_mode)dice(3);
  o.idle_exit_ns = dice(3) == 0 ? 2000u + dice(200000) : 0u;
  o.runq_slots = o.completion_slots = o.ingress_slots = 64u;
  o.join_slots = 16u;
  o.scratch_bytes = 512u;
  o.shared_bytes = 8192u;
  o.memory_bytes = GR_MEMORY_BYTES_MIN;
  if (grosr_open(&o, &g) < 0) {
    gr_sim_fail("grosr_open: %s", grosr_last_error());
  }
  return g;
}

void gr_scenario_alloc_device(void *argument)
{
  static const uint64_t sizes[] = {16, 64, 1024, 4096, 8192, 12288, 40960};
  (void)argument;
  uint32_t op = 0, contexts[2] = {0, 0};
  uint64_t device;
  void *words;
  struct grosr *g = open_device();
  gr_invariants_watch(g);
  gr_sim_expect(grosr_shared_take(g, 4096u, &words, &device) == 0);
  gr_sim_expect(grosr_op(g, "hand", &op) == 0);
  if (dice(2) == 0) {
    gr_sim_expect(grosr_context_open(g, &contexts[1]) == 0);
  }
  const uint32_t count = 1u + (uint32_t)dice(TASKS);
  for (uint32_t i = 0; i < count; i++) {
    struct grosr_task task = {op, contexts[dice(2)], {device, 2u * i, sizes[dice(7)], 0}, 0};
    gr_sim_expect(grosr_submit_many(g, &task, 1u, GROSR_FOREVER, NULL) == 1);
    if (dice(8) == 0) {
      gr_nap(dice(400000));
    }
  }
  gr_sim_expect(grosr_wait_all(g, GROSR_FOREVER) == 0);
  for (uint32_t i = 0; i < 2u * count; i++) {
    gr_sim_expect(((uint64_t *)words)[i] == 1u);
  }
  const struct gr_memory *memory = &g->dev->memory; /* simulated memory stays when it is closed */
  gr_sim_expect(grosr_close(g) == 0);
  gr_invariants_watch(NULL);
  check_memory(memory);
}
