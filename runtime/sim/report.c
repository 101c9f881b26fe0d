/* report.c - what a failed run prints: where everybody stands, and the last steps as a timeline.
 *
 * Next: shrink.c. */
#include "sim/sim_private.h"

#include <stdio.h>
#include <string.h>

static const char *base(const char *file)
{
  const char *slash = strrchr(file, '/');
  return slash != NULL ? slash + 1 : file;
}

static void print_parts(FILE *out)
{
  static const char *const state[] = {"free",    "ready",   "asleep", "napping", "in a meeting",
                                      "joining", "waiting", "PARKED", "ended"};
  fprintf(out, "participants (step %llu, %.3f ms of virtual time):\n", (unsigned long long)W.steps,
          (double)W.now_ns * 1e-6);
  for (uint32_t i = 0; i < W.parts; i++) {
    const struct part *part = &W.part[i];
    char name[96];
    gr_region_name(part->address, name, sizeof name);
    fprintf(out, "  %-16s %-12s own step %-7u %s %s at %s:%u%s\n", part->name,
            part->stalled_until > W.steps ? "stalled" : state[part->state], part->steps,
            part->doing, name, base(part->file), part->line, part == W.self ? "   <- here" : "");
  }
}

static void print_events(FILE *out, unsigned events)
{
  const uint64_t kept = W.steps < EVENTS ? W.steps : EVENTS - 1u;
  const uint64_t first = W.steps - (events < kept ? events : kept) + 1u;
  uint32_t last_part = NOBODY;
  fprintf(out, "timeline (steps %llu to %llu; who goes on is named when it changes):\n",
          (unsigned long long)first, (unsigned long long)W.steps);
  for (uint64_t step = first; step <= W.steps; step++) {
    const struct event *event = &W.event[step & (EVENTS - 1u)];
    char name[96];
    if (event->step != step || event->file == NULL) {
      continue; /* steps that time jumped over */
    }
    if (event->part != last_part) {
      fprintf(out, "  %s\n", W.part[event->part].name);
      last_part = event->part;
    }
    gr_region_name(event->address, name, sizeof name);
    fprintf(out, "    %7llu  %-20s %-28s 0x%-12llx %s:%u\n", (unsigned long long)step, event->doing,
            name, (unsigned long long)event->value, base(event->file), event->line);
  }
}

void gr_sim_report(void *file, unsigned events)
{
  print_events(file, events);
  print_parts(file);
}
