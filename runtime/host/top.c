/* top.c - frames of what a device does at this moment, for another process (grosr/top.h).
 *
 * A frame is made in memory, written to a file of another name, and renamed: a reader finds one
 * frame or the next, never a part of one, and a device that stops leaves the last.
 *
 * Next: ../../harness/commands/cmd_top.c */
#include "host/top.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct gr_top {
  char path[512];
  char fresh[520]; /* the other name */
  uint64_t *seen;  /* per team, its `now` in the frame before */
  struct grosr_top *frame;
  char *names; /* in the frame */
  struct grosr_top_team *team;
};

static gr_au32 tops; /* devices of this process that published */

static const char *folder_of(const char *asked)
{
  if (asked != NULL && asked[0] == '/') {
    return asked;
  }
  return access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
}

static int frame_take(struct grosr *g, struct gr_top *top)
{
  const size_t names = (size_t)g->image->op_count * GROSR_TOP_NAME_BYTES;
  const size_t bytes =
      sizeof(struct grosr_top) + names + g->options.teams * sizeof(struct grosr_top_team);
  top->seen = calloc(g->options.teams, sizeof *top->seen);
  top->frame = calloc(1, bytes);
  if (top->seen == NULL || top->frame == NULL) {
    return gr_error_set(-ENOMEM, "no memory for the frames of grosr top");
  }
  top->names = (char *)(top->frame + 1);
  top->team = (struct grosr_top_team *)(void *)(top->names + names);
  top->frame->bytes = (uint32_t)bytes;
  return 0;
}

/* What does not change. */
static void frame_begin(struct grosr *g, struct gr_top *top)
{
  struct grosr_top *frame = top->frame;
  frame->magic = GROSR_TOP_MAGIC;
  frame->version = GROSR_TOP_VERSION;
  frame->pid = (uint32_t)getpid();
  frame->number = gr_add_relaxed_gpu_u32(&tops, 1u) + 1u;
  frame->opened_ns = gr_clock_ns();
  frame->teams = g->options.teams;
  frame->lanes = g->options.lanes;
  frame->ops = g->image->op_count;
  frame->ring_slots = g->options.ingress_slots;
  snprintf(frame->device, sizeof frame->device, "%s", g->facts.name);
  snprintf(frame->image, sizeof frame->image, "%s", g->image->name);
  for (uint32_t i = 0; i < frame->ops; i++) {
    snprintf(top->names + (size_t)i * GROSR_TOP_NAME_BYTES, GROSR_TOP_NAME_BYTES, "%s",
             g->image->op_names[i]);
  }
}

static int frame_write(const struct gr_top *top)
{
  const int file = open(top->fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) {
    return -errno;
  }
  const ssize_t written = write(file, top->frame, top->frame->bytes);
  const bool is_whole = written == (ssize_t)top->frame->bytes;
  if (close(file) < 0 || !is_whole) {
    return -EIO;
  }
  return rename(top->fresh, top->path) < 0 ? -errno : 0;
}

static void context_fill(struct grosr *g, uint32_t index, struct grosr_top_context *out)
{
  struct grosr_context_stats stats;
  memset(out, 0, sizeof *out);
  if ((gr_load_relaxed_gpu_u64(&g->contexts) >> index & 1u) == 0u ||
      grosr_context_get(g, index, &stats) < 0) {
    return;
  }
  out->state = GROSR_TOP_OPEN | (stats.is_paused ? GROSR_TOP_PAUSED : 0u) |
               (stats.is_killed ? GROSR_TOP_KILLED : 0u);
  out->weight = stats.tenant.weight;
  out->priority = stats.tenant.priority;
  out->quota = stats.tenant.quota;
  out->waiting = stats.waiting;
  out->running = stats.running;
  out->served = stats.served;
  out->served_ns = stats.served_ns;
  const uint32_t head = gr_word_read(g, &g->dev->runq[index].head);
  const uint32_t queued = gr_word_read(g, &g->dev->runq[index].tail) - head;
  out->queued = (int32_t)queued > 0 ? queued : 0u;
}

static void team_fill(struct gr_top *top, uint32_t i, const struct gr_team_record *record)
{
  struct grosr_top_team *out = &top->team[i];
  const uint64_t now = record->now.v;
  if (now != top->seen[i] || out->since_ns == 0) {
    top->seen[i] = now;
    out->since_ns = top->frame->now_ns;
  }
  out->state = GR_NOW_PHASE(now);
  out->op = GR_NOW_OP(now);
  out->context = GR_NOW_CONTEXT(now);
  out->has_run = GR_NOW_SEQUENCE(now) != 0u ? 1u : 0u;
  out->completed = record->completed.v;
  out->sleeps = record->sleeps.v;
}

void gr_top_publish(struct grosr *g, const struct gr_team_record *records)
{
  struct gr_top *top = g->top;
  if (top == NULL) {
    return;
  }
  struct grosr_top *frame = top->frame;
  frame->now_ns = gr_clock_ns();
  frame->health = gr_load_relaxed_gpu_u32(&g->health);
  frame->policy = gr_word_read(g, &g->dev->policy);
  frame->resting =
      gr_load_relaxed_sys_u32(&g->boundary->resting) == gr_load_relaxed_gpu_u32(&g->incarnation)
          ? 1u
          : 0u;
  frame->launches = gr_load_relaxed_gpu_u32(&g->launches);
  frame->submitted = frame->completed = frame->failed = frame->cancelled = 0;
  for (uint32_t i = 0; i < frame->teams; i++) {
    frame->submitted += records[i].submitted.v;
    frame->completed += records[i].completed.v;
    frame->failed += records[i].failed.v;
    frame->cancelled += records[i].cancelled.v;
    team_fill(top, i, &records[i]);
  }
  frame->accepted = gr_load_relaxed_gpu_u64(&g->accepted);
  const uint32_t ring =
      (uint32_t)frame->accepted - gr_load_relaxed_sys_u32(&g->boundary->ingress_head);
  frame->ring = ring <= frame->ring_slots ? ring : 0u;
  for (uint32_t i = 0; i < GROSR_TOP_CONTEXTS; i++) {
    context_fill(g, i, &frame->context[i]);
  }
  frame_write(top); /* if not: the next one may be */
}

void gr_top_close(struct grosr *g)
{
  struct gr_top *top = g->top;
  if (top == NULL) {
    return;
  }
  if (top->path[0] != '\0') {
    unlink(top->path);
    unlink(top->fresh);
  }
  free(top->seen);
  free(top->frame);
  free(top);
  g->top = NULL;
}

int gr_top_open(struct grosr *g)
{
  const char *asked = getenv("GROSR_TOP");
  if (g->options.top == 0 && (asked == NULL || asked[0] == '\0')) {
    return 0;
  }
  struct gr_top *top = calloc(1, sizeof *top);
  g->top = top;
  int error = top != NULL ? frame_take(g, top)
                          : gr_error_set(-ENOMEM, "no memory for the frames of grosr top");
  if (error < 0) {
    return error;
  }
  frame_begin(g, top);
  snprintf(top->path, sizeof top->path, "%.400s/grosr-%u-%u.top", folder_of(asked), top->frame->pid,
           top->frame->number);
  snprintf(top->fresh, sizeof top->fresh, "%s.new", top->path);
  top->frame->now_ns = top->frame->opened_ns;
  error = frame_write(top);
  return error == 0 ? 0
                    : gr_error_set(-EIO,
                                   "cannot write %s for grosr top: %s; set GROSR_TOP to a "
                                   "folder of yours, or leave it out",
                                   top->path, strerror(-error));
}
