/* stress_memory.c - ops allocate and free at random for long: nothing is handed out twice, nothing
 * is lost, nothing is seen that another wrote.
 *
 * Each object marks its 16-byte units in a shadow bitmap outside of the memory: a bit that is set
 * already is a double hand-out, one that is not set at the free a double free. Objects are filled,
 * and looked at before they are freed, often by another team of their context: they lie in cells
 * that the context's tasks share. At times all rest and the tables are walked (memory_walk.h): what
 * is out has to be what lies in the cells, exactly. At the end all is freed; then all of the memory
 * is had in one piece.
 *
 *   usage: stress_memory [--seconds N] [--operations N] [--seed N] [--teams N] [--thorough 0 | 1]
 *                        [--resets 0 | 1]
 *   --operations N  until so many allocations and frees were made, in long rounds; no time limit
 *   --teams N       else 1 to 5
 *   --thorough N    1: marks all units and looks at every byte; 0: first, last, and one between;
 *                   else one round in four is thorough (with --operations: none)
 *   --resets N      1 (the default): in half of the rounds arenas are reset at times; 0: in none
 *
 * Mutants (2 loaded cores, x86-64, gcc 12; 10 s each, normal and TSan), by whom they are noticed:
 *   alloc.h    a list's first slot handed out and left on it   the ops, and errors that are none
 *   alloc.h    a run that is freed is not uncharged            the walk: charged
 *   pages.h    release without gr_map_filled                   the walk: levels of the map
 *   pages.h    a claim's CAS taken for done when it failed     the walk: charged, and the counts
 *   pages.h    release -> relaxed                              TSan
 *   arena.h    pages handed over as they are                   the ops: another context's data
 *   arena.h    arena.use: acquire/release -> relaxed           TSan, with --resets 1
 *   magazine.h slots of `take` forgotten                       the walk: out, and not in a cell
 *   spare.h    a napping team keeps its slots                  the same
 *   slab.h     a full block that gets a slot is not listed     the walk: M4
 *   arena.h    pages charged above the quota                   the ops, and the walk
 *   pages.h    claim's CAS acqrel -> relaxed                   none: `moves` orders it as well
 *   pages.h    gr_map_emptied without its second look          none in 10 s
 *   slab.h     gr_group_take as if its CAS never failed        none in 10 s: blocks are held apart
 *   arena.h    a block seized without a look at what it gave   none in 10 s
 *
 * Next: test_device_memory.c. */
#include <stdlib.h>
#include <string.h>

#include "host/grosr_private.h"
#include "memory_walk.h"
#include "stress_memory.h"
#include "test_tool.h"

#define TASKS_MAX  32
#define SETTLE_NS  20000000000ull /* until all teams rest; found at once by who looks */
#define WINDOWS    24u            /* of tasks in a round */
#define WALK_EVERY 6u

GROSR_IMAGE(stress_memory);

struct shape {
  uint32_t teams;
  enum grosr_idle_mode idle_mode;
  uint64_t idle_exit_ns;
  uint64_t memory_bytes;
  uint32_t contexts;
  uint32_t cells;
  uint32_t sizes; /* enum stress_sizes; STRESS_SIZES_KINDS: another for each task */
  bool is_thorough, has_quotas, has_resets;
  uint32_t windows;
  uint64_t steps;
};

struct round {
  struct tool tool;
  struct shape shape;
  struct stress *s;
  uint32_t context[STRESS_CONTEXTS];
  uint64_t random;
  uint64_t walks, resets;
};

static uint64_t seconds = 10, operations_wanted, seed = 1, teams_wanted, thorough_wanted = 2,
                resets_wanted = 1;

static struct gr_memory *memory_of(struct round *r)
{
  return &r->tool.g->dev->memory;
}

static uint64_t counted(struct round *r, uint32_t what)
{
  return gr_load_relaxed_gpu_u64(&r->s->count[what]);
}

/* What the ops found. */
static bool is_right(struct round *r)
{
  bool is = true;
  for (uint32_t i = 0; i < STRESS_WRONGS; i++) {
    const uint64_t wrong = gr_load_relaxed_gpu_u64(&r->s->wrong[i]);
    if (wrong != 0) {
      printf("FAILED: %s, %llu times\n", stress_wrong_name(i), (unsigned long long)wrong);
      is = false;
    }
  }
  if (!is) {
    const uint64_t object = gr_load_relaxed_gpu_u64(&r->s->object);
    printf("the first: %llu bytes at unit %llu, tag %llu; is 0x%llx, wanted 0x%llx\n",
           (unsigned long long)STRESS_OBJECT_BYTES(object),
           (unsigned long long)STRESS_OBJECT_UNIT(object),
           (unsigned long long)STRESS_OBJECT_TAG(object),
           (unsigned long long)gr_load_relaxed_gpu_u64(&r->s->is),
           (unsigned long long)gr_load_relaxed_gpu_u64(&r->s->wanted));
    r->tool.failures++;
  }
  const uint32_t errors = gr_load_relaxed_gpu_u32(&memory_of(r)->errors);
  return CHECK_EQ(&r->tool, errors, (uint32_t)counted(r, STRESS_BAD_FREES)) && is;
}

/* ---- the law ---- */
/* What lies in the cells of one context: slots, and pages of runs. */
static void live_count(struct round *r, uint32_t context, uint64_t *slots, uint64_t *pages)
{
  const struct gr_memory *m = memory_of(r);
  *slots = *pages = 0;
  for (uint32_t i = 0; i < r->shape.cells; i++) {
    const uint64_t object = gr_load_acquire_gpu_u64(&r->s->context[context]->cell[i]);
    if (object != 0) {
      const struct gr_page *page =
          &m->page[STRESS_OBJECT_UNIT(object) * STRESS_UNIT >> GR_PAGE_SHIFT];
      const uint64_t tag = gr_load_relaxed_gpu_u64(&page->tag);
      const bool is_run = GR_TAG_KIND(tag) == (uint32_t)GR_PAGE_RUN;
      *slots += is_run ? 0u : 1u;
      *pages += is_run ? gr_load_relaxed_gpu_u32(&page->pages) : 0u;
    }
  }
}

/* The tables are whole, and what is out is what is in the cells. */
static bool law_holds(struct round *r, bool says)
{
  struct memory_sums sums;
  bool holds = memory_is_whole(memory_of(r), r->shape.teams, &sums, says);
  for (uint32_t i = 0; i < r->shape.contexts; i++) {
    const uint32_t context = r->context[i];
    uint64_t slots, pages;
    live_count(r, context, &slots, &pages);
    if (sums.out[context] != slots || sums.run[context] != pages) {
      holds = false;
      if (says) {
        printf("context %u has %llu slots and %llu pages of runs; out are %llu and %llu\n", context,
               (unsigned long long)slots, (unsigned long long)pages,
               (unsigned long long)sums.out[context], (unsigned long long)sums.run[context]);
      }
    }
    if (sums.pages[context] > r->s->context[context]->quota) {
      holds = false;
    }
  }
  if (sums.blocks_held != 0) {
    holds = false; /* a team is still to let go */
  }
  return holds;
}

/* Until all teams rest, which is when their magazines are empty: what is lost never comes back. */
static void law_check(struct round *r)
{
  if (r->tool.failures != 0) {
    return; /* a wait for what does not come any more */
  }
  const uint64_t end_ns = tool_now_ns() + SETTLE_NS;
  bool holds = law_holds(r, false);
  while (!holds && tool_now_ns() < end_ns) {
    if (r->shape.idle_mode == GROSR_IDLE_LATENCY) { /* they never sleep, but are asked */
      gr_add_relaxed_gpu_u32(&memory_of(r)->pressure, 1u);
    }
    tool_nap_ns(200000);
    holds = law_holds(r, false);
  }
  r->walks++;
  CHECK(&r->tool, holds || law_holds(r, true));
}

/* ---- tasks ---- */
static struct grosr_task task_of(struct round *r, const char *op, uint32_t context, uint64_t arg1)
{
  struct grosr_task task = tool_task(&r->tool, op, (uint64_t)(uintptr_t)r->s, arg1);
  task.context = context;
  return task;
}

static void window_run(struct round *r)
{
  struct grosr_task tasks[TASKS_MAX];
  grosr_ticket tickets[TASKS_MAX];
  int32_t results[TASKS_MAX] = {0};
  const uint64_t phase_all = tool_random(&r->random) % 8u;
  const size_t count = 1u + tool_random(&r->random) % (4u * r->shape.teams);
  for (size_t i = 0; i < count; i++) {
    const uint64_t x = tool_random(&r->random);
    const uint64_t phase = phase_all < STRESS_PHASES ? phase_all : x % STRESS_PHASES;
    tasks[i] = task_of(r, "churn", r->context[(x >> 8) % r->shape.contexts], x);
    tasks[i].arg[2] = r->shape.steps << 8 | phase;
    tasks[i].arg[3] =
        r->shape.sizes < STRESS_SIZES_KINDS ? r->shape.sizes : (x >> 16) % STRESS_SIZES_KINDS;
  }
  CHECK_EQ(&r->tool, grosr_submit_many(r->tool.g, tasks, count, TOOL_WAIT_NS, tickets), count);
  CHECK_EQ(&r->tool, grosr_wait_many(r->tool.g, tickets, count, TOOL_WAIT_NS, results), count);
  for (size_t i = 0; i < count; i++) {
    CHECK_EQ(&r->tool, results[i], 0);
  }
}

/* The arena of one context is reset while the others' tasks run. */
static void reset_run(struct round *r)
{
  law_check(r);
  const uint32_t which = (uint32_t)(tool_random(&r->random) % r->shape.contexts);
  const uint32_t context = r->context[which];
  for (uint32_t i = 0; i < 3u * r->shape.teams && r->shape.contexts > 1u; i++) {
    const uint64_t x = tool_random(&r->random);
    const uint32_t other =
        (which + 1u + (uint32_t)x % (r->shape.contexts - 1u)) % r->shape.contexts;
    struct grosr_task task = task_of(r, "churn", r->context[other], x);
    task.arg[2] = r->shape.steps << 8 | (x >> 32) % STRESS_PHASES;
    task.arg[3] = STRESS_SIZES_CLASSES;
    CHECK_EQ(&r->tool, grosr_submit(r->tool.g, &task, NULL), 0);
  }
  const struct grosr_task reset = task_of(r, "reset", context, 0);
  int32_t status = GR_E_BUSY; /* a team has slots of it at hand */
  for (const uint64_t end_ns = tool_now_ns() + TOOL_WAIT_NS;
       status == GR_E_BUSY && tool_now_ns() < end_ns;) {
    status = tool_run(&r->tool, &reset);
  }
  CHECK_EQ(&r->tool, status, 0);
  const struct grosr_task stale = task_of(r, "stale", context, 0);
  CHECK_EQ(&r->tool, tool_run(&r->tool, &stale), 0);
  CHECK_EQ(&r->tool, grosr_wait_all(r->tool.g, TOOL_WAIT_NS), 0);
  r->resets++;
}

/* All is freed, by whoever gets the task; then it is had in one piece. */
static void drain_run(struct round *r)
{
  const uint64_t cells = r->shape.cells, part = cells / 4u;
  for (uint32_t i = 0; i < r->shape.contexts; i++) {
    for (uint64_t from = 0; from < cells; from += part) {
      struct grosr_task task = task_of(r, "drain", r->context[i], from);
      task.arg[2] = from + part < cells ? from + part : cells;
      CHECK_EQ(&r->tool, grosr_submit(r->tool.g, &task, NULL), 0);
    }
  }
  CHECK_EQ(&r->tool, grosr_wait_all(r->tool.g, TOOL_WAIT_NS), 0);
  law_check(r);
  const uint64_t allocs = counted(r, STRESS_ALLOCS), frees = counted(r, STRESS_FREES);
  CHECK(&r->tool, r->resets != 0 || allocs == frees);
  const struct grosr_task whole = task_of(r, "whole", 0, 0); /* which has no quota */
  CHECK_EQ(&r->tool, tool_run(&r->tool, &whole), 0);
  law_check(r);
  for (uint64_t i = 0; i < (r->shape.memory_bytes / STRESS_UNIT + 63u) / 64u; i++) {
    CHECK_EQ(&r->tool, gr_load_relaxed_gpu_u64(&r->s->shadow[i]), 0);
  }
  is_right(r);
}

/* ---- rounds ---- */
static void shape_pick(struct shape *shape, uint64_t *random)
{
  static const uint64_t bytes[] = {64u << 10, 256u << 10, 1u << 20, 4u << 20, 20u << 20, 64u << 20};
  static const uint32_t cells[] = {16, 256, 4096, STRESS_CELLS};
  memset(shape, 0, sizeof *shape);
  shape->teams = teams_wanted != 0 ? (uint32_t)teams_wanted : 1u + tool_random(random) % 5u;
  shape->idle_mode = (enum grosr_idle_mode)(tool_random(random) % 3u);
  shape->idle_exit_ns = tool_random(random) % 4u == 0u ? 300000u : 0u;
  shape->memory_bytes = bytes[tool_random(random) % 6u];
  shape->contexts = 1u + tool_random(random) % STRESS_CONTEXTS;
  shape->cells = cells[tool_random(random) % 4u];
  shape->sizes = (uint32_t)(tool_random(random) % (2u * STRESS_SIZES_KINDS));
  shape->is_thorough = thorough_wanted == 1u || (thorough_wanted == 2u && operations_wanted == 0u &&
                                                 tool_random(random) % 4u == 0u);
  shape->has_quotas = tool_random(random) % 2u == 0u;
  shape->has_resets = tool_random(random) % 2u == 0u && resets_wanted != 0u;
  shape->windows = operations_wanted != 0u ? 20u * WINDOWS : WINDOWS;
  shape->steps = shape->is_thorough ? 500u : operations_wanted != 0u ? 20000u : 4000u;
}

/* Contexts, with quotas that are tight, tiny or none, and their cells. */
static void contexts_begin(struct round *r)
{
  const uint64_t pages = r->shape.memory_bytes >> GR_PAGE_SHIFT;
  for (uint32_t i = 0; i < r->shape.contexts; i++) {
    uint64_t quota = UINT64_MAX;
    if (i != 0) {
      CHECK_EQ(&r->tool, grosr_context_open(r->tool.g, &r->context[i]), 0);
    }
    if (r->shape.has_quotas && i != 0) {
      const uint64_t some[] = {1, 2, 15, pages / r->shape.contexts, pages - 1u, pages, UINT64_MAX};
      quota = some[tool_random(&r->random) % 7u];
    }
    r->s->context[r->context[i]] = calloc(1, sizeof(struct stress_cells));
    if (r->s->context[r->context[i]] == NULL) {
      exit(1);
    }
    r->s->context[r->context[i]]->quota = quota;
    gr_store_relaxed_gpu_u64(&memory_of(r)->arena[r->context[i]].quota, quota);
  }
}

static void round_open(struct round *r)
{
  struct tool *tool = &r->tool;
  tool->name = "stress_memory";
  grosr_options_init(&tool->options);
  tool->options.device = "cpu";
  tool->options.image = &grosr_image_stress_memory;
  tool->options.teams = tool->teams = r->shape.teams;
  tool->options.idle_mode = r->shape.idle_mode;
  tool->options.idle_exit_ns = r->shape.idle_exit_ns;
  tool->options.memory_bytes = r->shape.memory_bytes;
  tool->options.placement = GROSR_PLACE_NONE;
  tool->options.op_ns_max = TOOL_WAIT_NS;
  tool_open(tool);
  r->s = aligned_alloc(GR_LINE_BYTES, (sizeof *r->s + 127u) & ~(size_t)127u);
  if (r->s == NULL) {
    exit(1);
  }
  memset(r->s, 0, sizeof *r->s);
  r->s->shadow = calloc(r->shape.memory_bytes / STRESS_UNIT / 64u + 1u, sizeof(gr_au64));
  r->s->cells = r->shape.cells;
  r->s->is_thorough = r->shape.is_thorough;
  contexts_begin(r);
}

/* Returns how many checks failed. */
static unsigned round_run(uint64_t number, uint64_t seed_now, uint64_t *operations)
{
  struct round r;
  memset(&r, 0, sizeof r);
  r.random = (seed_now + 1u) * 0x9e3779b97f4a7c15ull;
  shape_pick(&r.shape, &r.random);
  round_open(&r);
  for (uint32_t i = 0; i < r.shape.windows && r.tool.failures == 0; i++) {
    window_run(&r);
    if (r.shape.has_resets && tool_random(&r.random) % 4u == 0u) {
      reset_run(&r);
    }
    if (tool_random(&r.random) % WALK_EVERY == 0u) {
      law_check(&r);
      is_right(&r);
    } else if (tool_random(&r.random) % 4u == 0u) {
      tool_nap_ns(tool_random(&r.random) % 2000000u); /* some teams go to sleep */
    }
  }
  drain_run(&r);
  *operations +=
      counted(&r, STRESS_ALLOCS) + counted(&r, STRESS_FREES) + 2u * counted(&r, STRESS_REALLOCS);
  printf(
      "%s round %llu (seed %llu): %u teams, %llu KiB, %u contexts%s, sizes %u%s: %llu allocs, "
      "%llu reallocs, %llu nomem, %llu dquot, %llu again, %llu walks, %llu resets\n",
      r.tool.failures != 0 ? "FAILED" : "ok", (unsigned long long)number,
      (unsigned long long)seed_now, r.shape.teams, (unsigned long long)r.shape.memory_bytes >> 10,
      r.shape.contexts, r.shape.has_quotas ? " with quotas" : "", r.shape.sizes,
      r.shape.is_thorough ? ", thorough" : "", (unsigned long long)counted(&r, STRESS_ALLOCS),
      (unsigned long long)counted(&r, STRESS_REALLOCS),
      (unsigned long long)counted(&r, STRESS_NOMEM), (unsigned long long)counted(&r, STRESS_DQUOT),
      (unsigned long long)counted(&r, STRESS_AGAIN), (unsigned long long)r.walks,
      (unsigned long long)r.resets);
  fflush(stdout);
  tool_close(&r.tool, 0);
  for (uint32_t i = 0; i < GR_CONTEXTS_MAX; i++) {
    free(r.s->context[i]);
  }
  free(r.s->shadow);
  free(r.s);
  return r.tool.failures;
}

int main(int argc, char **argv)
{
  static const struct {
    const char *name;
    uint64_t *value;
  } arguments[] = {{"--seconds", &seconds},
                   {"--operations", &operations_wanted},
                   {"--seed", &seed},
                   {"--teams", &teams_wanted},
                   {"--thorough", &thorough_wanted},
                   {"--resets", &resets_wanted}};
  for (int i = 1; i + 1 < argc; i += 2) {
    for (size_t k = 0; k < sizeof arguments / sizeof arguments[0]; k++) {
      if (strcmp(argv[i], arguments[k].name) == 0) {
        *arguments[k].value = strtoull(argv[i + 1], NULL, 10);
      }
    }
  }
  const uint64_t begin_ns = tool_now_ns(), end_ns = begin_ns + seconds * 1000000000u;
  uint64_t operations = 0;
  unsigned failures = 0;
  for (uint64_t i = 0; failures == 0 && (operations_wanted != 0 ? operations < operations_wanted
                                                                : tool_now_ns() < end_ns);
       i++) {
    failures += round_run(i, seed + i, &operations);
  }
  printf("%llu operations in %.1f s, seeds from %llu\n", (unsigned long long)operations,
         (double)(tool_now_ns() - begin_ns) / 1e9, (unsigned long long)seed);
  return failures != 0 ? 1 : 0;
}
