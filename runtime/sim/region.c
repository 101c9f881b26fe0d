/* region.c - the memory that a run gives out, the names of its words, and who watches stores to it.
 *
 * Next: race.c. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "sim/sim_private.h"

#define RANGES_MAX  96u
#define NAMES_MAX   128u
#define WATCHES_MAX 16u
#define ARENA_BYTES (64u * 1024u * 1024u)
/* The same in every process: addresses travel in tasks and so are part of the trace's hash. Below
 * 2^46, and where neither Linux nor AddressSanitizer puts anything of its own. */
#define ARENA_ADDRESS ((void *)0x200000000000ull)

struct range {
  const char *name;
  unsigned char *address;
  size_t bytes, each;
};
struct watch {
  const unsigned char *address;
  size_t bytes;
  void (*stores)(const void *address, uint64_t before, uint64_t after);
};

static struct {
  struct range range[RANGES_MAX], name[NAMES_MAX];
  uint32_t ranges, names;
  struct watch watch[WATCHES_MAX];
  uint32_t watches;
  unsigned char *arena;
  size_t arena_used;
} G;

unsigned char *gr_region_base(void)
{
  return G.arena;
}

void gr_region_begin(void)
{
  G.ranges = G.names = G.watches = 0;
  G.arena_used = 0;
}

void gr_region_stores(const void *a, uint64_t before, uint64_t after)
{
  W.self->stored_step = W.steps;
  for (uint32_t i = 0; i < G.watches; i++) {
    if ((size_t)((const unsigned char *)a - G.watch[i].address) < G.watch[i].bytes) {
      G.watch[i].stores(a, before, after);
    }
  }
}
void *gr_sim_take(const char *name, size_t bytes)
{
  const size_t rounded = (bytes + 127u) & ~(size_t)127u;
  gr_world_need();
  if (G.arena == NULL) {
    void *arena = mmap(ARENA_ADDRESS, ARENA_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    G.arena = arena != MAP_FAILED ? arena : NULL;
  }
  if (G.arena == NULL || rounded > ARENA_BYTES - G.arena_used || G.ranges == RANGES_MAX ||
      ((W.config.faults & GR_SIM_NO_MEMORY) != 0 && W.self != NULL &&
       gr_schedule_fault(W.self, GR_SIM_NO_MEMORY) != 0)) {
    return NULL;
  }
  unsigned char *memory = G.arena + G.arena_used;
  G.arena_used += rounded;
  memset(memory, 0, bytes);
  G.range[G.ranges++] = (struct range){name, memory, bytes, 0};
  return memory;
}

void gr_sim_name(const void *address, size_t bytes, size_t each, const char *name)
{
  if (G.names < NAMES_MAX) {
    G.name[G.names++] = (struct range){name, (unsigned char *)(uintptr_t)address, bytes, each};
  }
}

void gr_region_name(const void *address, char *text, size_t bytes)
{
  const struct range *best = NULL;
  size_t offset = 0;
  for (uint32_t i = 0; i < G.names + G.ranges; i++) {
    const struct range *range = i < G.names ? &G.name[i] : &G.range[i - G.names];
    const size_t off = (size_t)((const unsigned char *)address - range->address);
    if (off < range->bytes && (best == NULL || range->bytes < best->bytes)) {
      best = range;
      offset = off;
    }
  }
  if (best == NULL) {
    snprintf(text, bytes, "%s", address != NULL ? "a host word" : "");
  } else if (best->each == 0) {
    snprintf(text, bytes, offset != 0 ? "%s+%zu" : "%s", best->name, offset);
  } else {
    snprintf(text, bytes, offset % best->each != 0 ? "%s[%zu]+%zu" : "%s[%zu]", best->name,
             offset / best->each, offset % best->each);
  }
}

void gr_sim_watch(const void *address, size_t bytes,
                  void (*function)(const void *address, uint64_t before, uint64_t after))
{
  if (G.watches < WATCHES_MAX) {
    G.watch[G.watches++] = (struct watch){address, bytes, function};
  }
}
