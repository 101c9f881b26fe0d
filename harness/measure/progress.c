/* progress.c - see progress.h. Next: the experiments, experiments/ */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES     256u
#define CLEAR_TO_END   "\033[K"
#define SECOND_NS      1000000000u
#define TERMINAL_WIDTH 100 /* the longest line drawn; a narrower terminal would wrap it */

void hx_progress_open(struct hx_progress *progress, const struct hx_plan *plan, size_t count,
                      uint64_t bound_ns)
{
  *progress = (struct hx_progress){0};
  progress->plan = plan;
  progress->count = count;
  progress->terminal = isatty(STDERR_FILENO) == 1;
  progress->bound_ns = bound_ns;
  progress->start_ns = hx_now_ns();
}

void hx_progress_time_text(uint64_t ns, char *text, size_t text_bytes)
{
  const uint64_t seconds = (ns + SECOND_NS / 2) / SECOND_NS;
  if (seconds >= 3600)
    snprintf(text, text_bytes, "%" PRIu64 ":%02u:%02u", seconds / 3600,
             (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60));
  else
    snprintf(text, text_bytes, "%u:%02u", (unsigned)(seconds / 60), (unsigned)(seconds % 60));
}

static void left_text(const struct hx_progress *progress, char *text, size_t text_bytes)
{
  char time[24];
  const uint64_t used_ns = hx_now_ns() - progress->start_ns;
  const size_t to_come = progress->count - progress->done;
  const uint64_t left_ns =
      progress->done > 0 ? used_ns / progress->done * to_come : progress->bound_ns;
  hx_progress_time_text(left_ns, time, sizeof(time));
  snprintf(text, text_bytes, "%s%s left", progress->done > 0 ? "" : "at most ", time);
}

void hx_progress_begin(struct hx_progress *progress, size_t index)
{
  const struct hx_plan_point *where = &progress->plan->point[index];
  char left[48];
  char factors[LINE_BYTES];
  char line[LINE_BYTES];
  if (!progress->terminal)
    return;
  left_text(progress, left, sizeof(left));
  hx_sweep_point_text(progress->plan, where, factors, sizeof(factors));
  snprintf(line, sizeof(line), "[%zu/%zu] %s: %s %.64s", progress->done + 1, progress->count, left,
           where->variant->name, factors);
  fprintf(stderr, "\r%.*s" CLEAR_TO_END, TERMINAL_WIDTH, line);
  fflush(stderr);
}

void hx_progress_end(struct hx_progress *progress, size_t index, const char *status,
                     const char *reason)
{
  char left[48];
  char factors[LINE_BYTES];
  progress->done++;
  if (progress->terminal && strcmp(status, "ok") == 0)
    return;
  left_text(progress, left, sizeof(left));
  const struct hx_plan_point *where = &progress->plan->point[index];
  hx_sweep_point_text(progress->plan, where, factors, sizeof(factors));
  fprintf(stderr, "%s[%zu/%zu] %s: %s%s%s: %s%s%s%s\n", progress->terminal ? "\r" : "",
          progress->done, progress->count, left, where->variant->name,
          factors[0] != '\0' ? " " : "", factors, status, reason[0] != '\0' ? ": " : "", reason,
          progress->terminal ? CLEAR_TO_END : "");
  fflush(stderr);
}

void hx_progress_close(struct hx_progress *progress)
{
  if (progress->terminal)
    fprintf(stderr, "\r" CLEAR_TO_END);
  fflush(stderr);
}
