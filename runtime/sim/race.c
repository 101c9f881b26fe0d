/* race.c - plain accesses that no order separates: data races, found when they could happen.
 *
 * The sources of the sim port are compiled with gcc's -fsanitize=thread and linked without its
 * library: the calls that it puts before every plain access come here. Each four bytes of the
 * memory of gr_sim_take remember who wrote them last and some of who read them, with their clocks;
 * an access that does not have the other in its `hb` clock (memory.c) is a race (after FastTrack,
 * Flanagan and Freund, PLDI 2009; with a few readers instead of all, so some are missed, none made
 * up). Only with GR_SIM_WEAK. Under AddressSanitizer the compiler cannot do both, and nothing is
 * watched.
 *
 * Next: lanes.c. */
#include "sim/sim_private.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#define READERS   4u
#define CELLS_MAX (1u << 21) /* of four bytes: what lies behind is not watched */

struct cell {
  uint32_t run;
  uint32_t writer, write_clock;
  uint32_t reader[READERS], read_clock[READERS];
  uint32_t next_reader;
  const void *write_pc, *read_pc[READERS];
};
static struct {
  struct cell cell[CELLS_MAX];
  uint32_t run;
} R;

void gr_race_begin(void)
{
  R.run++;
}

/* "runq.h:93" of a return address (the call is before it), by binutils if they are there. */
static void source_line(const void *pc, char *text, size_t bytes)
{
  const size_t address = (size_t)pc - 1u;
  Dl_info object = {0};
  snprintf(text, bytes, "?");
  for (int is_absolute = 0; pc != NULL && dladdr(pc, &object) != 0 && is_absolute < 2;
       is_absolute++) { /* from the base in a program that can lie anywhere, else absolute */
    char command[512];
    snprintf(command, sizeof command, "addr2line -s -e '%s' 0x%zx 2>/dev/null", object.dli_fname,
             is_absolute ? address : address - (size_t)object.dli_fbase);
    FILE *pipe = popen(command, "r");
    const bool is_read = pipe != NULL && fgets(text, (int)bytes, pipe) != NULL;
    text[is_read ? strcspn(text, " \n") : 0] = '\0';
    if (pipe != NULL) {
      pclose(pipe);
    }
    if (is_read && text[0] != '?') {
      return;
    }
  }
  text[0] = '?';
  text[1] = '\0';
}

static __attribute__((noreturn)) void report(const char *mine, const void *pc, const char *its,
                                             uint32_t other, const void *its_pc,
                                             const void *address)
{
  char name[96];
  char where[2][160] = {"?", "?"};
  const void *const pcs[2] = {pc, its_pc};
  gr_region_name(address, name, sizeof name);
  for (int i = 0; i < 2; i++) {
    source_line(pcs[i], where[i], sizeof where[i]);
  }
  gr_sim_fail(
      "data race on %s: %s %ss it at %s, and no order separates that from the %s by %s at %s", name,
      W.self->name, mine, where[0], its, W.part[other].name, where[1]);
}

static bool is_ordered(const struct part *self, uint32_t other, uint32_t clock)
{
  return other == self->id || self->hb.at[other] >= clock;
}

/* The cell of a word of gr_sim_take's memory. */
static void look_at(struct part *self, struct cell *cell, const void *word, bool is_write,
                    const void *pc)
{
  if (cell->run != R.run) {
    memset(cell, 0, sizeof *cell);
    cell->run = R.run;
  }
  if (cell->write_clock != 0 && !is_ordered(self, cell->writer, cell->write_clock)) {
    report(is_write ? "write" : "read", pc, "write", cell->writer, cell->write_pc, word);
  }
  if (is_write) {
    for (uint32_t r = 0; r < READERS; r++) {
      if (cell->read_clock[r] != 0 && !is_ordered(self, cell->reader[r], cell->read_clock[r])) {
        report("write", pc, "read", cell->reader[r], cell->read_pc[r], word);
      }
    }
    cell->writer = self->id;
    cell->write_clock = self->clock;
    cell->write_pc = pc;
    memset(cell->read_clock, 0, sizeof cell->read_clock);
    return;
  }
  uint32_t r = 0;
  while (r < READERS && (cell->read_clock[r] == 0 || cell->reader[r] != self->id)) {
    r++;
  }
  r = r < READERS ? r : cell->next_reader++ % READERS;
  cell->reader[r] = self->id;
  cell->read_clock[r] = self->clock;
  cell->read_pc[r] = pc;
}

static void look(const void *address, size_t bytes, bool is_write, const void *pc)
{
  const size_t offset = (size_t)((const unsigned char *)address - gr_region_base());
  if (offset >= CELLS_MAX * 4u || !W.is_on || W.config.memory != GR_SIM_WEAK) {
    return; /* a stack, the host's own memory */
  }
  for (size_t i = offset / 4u; i <= (offset + bytes - 1u) / 4u && i < CELLS_MAX; i++) {
    look_at(W.self, &R.cell[i], gr_region_base() + 4u * i, is_write, pc);
  }
}

/* ---- what the compiler calls ---- */
#define CALLER __builtin_return_address(0)
#define PLAIN(bytes)                                                                               \
  void __tsan_read##bytes(void *a);                                                                \
  void __tsan_read##bytes(void *a)                                                                 \
  {                                                                                                \
    look(a, bytes, false, CALLER);                                                                 \
  }                                                                                                \
  void __tsan_write##bytes(void *a);                                                               \
  void __tsan_write##bytes(void *a)                                                                \
  {                                                                                                \
    look(a, bytes, true, CALLER);                                                                  \
  }                                                                                                \
  void __tsan_unaligned_read##bytes(void *a);                                                      \
  void __tsan_unaligned_read##bytes(void *a)                                                       \
  {                                                                                                \
    look(a, bytes, false, CALLER);                                                                 \
  }                                                                                                \
  void __tsan_unaligned_write##bytes(void *a);                                                     \
  void __tsan_unaligned_write##bytes(void *a)                                                      \
  {                                                                                                \
    look(a, bytes, true, CALLER);                                                                  \
  }
PLAIN(1)
PLAIN(2)
PLAIN(4)
PLAIN(8)
PLAIN(16)
void __tsan_read_range(void *a, unsigned long bytes);
void __tsan_read_range(void *a, unsigned long bytes)
{
  look(a, bytes, false, CALLER);
}
void __tsan_write_range(void *a, unsigned long bytes);
void __tsan_write_range(void *a, unsigned long bytes)
{
  look(a, bytes, true, CALLER);
}
void __tsan_func_entry(void *caller);
void __tsan_func_entry(void *caller)
{
  (void)caller;
}
void __tsan_func_exit(void);
void __tsan_func_exit(void)
{
}
void __tsan_init(void);
void __tsan_init(void)
{
}
