/* stress_tasks.c - several submitters against several teams in every mode: nothing lost, nothing
 * twice.
 *
 * Each task adds 1 to a word of its own; a forking task does so by a continuation, after its
 * children have each added 1 to theirs. A pass is: every word is exactly 1, every result right,
 * the counts agree, memory has not grown. Plain program: runs under ThreadSanitizer and
 * AddressSanitizer.
 *
 *   usage: stress_tasks [--seconds N] [--tasks N] [--seed N]
 *   --tasks N   one run of N tasks through one device, no time limit (10000000: ten million, the
 *               number that must pass)
 *
 * Mutants (2 cores, x86-64, gcc 12; 2 s each under load), by whom they are noticed:
 *   line.h    chunk release -> relaxed             TSan here and in stress_wake
 *   join.h    pending acqrel -> relaxed            TSan here
 *   join.h    completion release -> relaxed        TSan here and in stress_wake
 *   ingress.h duty handed over relaxed             TSan here and in stress_wake
 *   ingress.h staged kept when the duty is given   here (tasks run twice), test_ingress
 *   sched.h   no second pop after clearing queued  test_idle
 *   sched.h   gr_sched_queued without its look     test_idle
 *   sched.h   bit set again without its look       test_idle
 *   runq.h    slot freed relaxed                   none: x86 keeps order, no plain access for TSan
 * Next: stress_wake.c. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "test_tool.h"

#define SUBMITTERS       3
#define WINDOW           256
#define CHILDREN         5u /* of a forking task */
#define GROWTH_BYTES_MAX (8u << 20)

struct mode {
  uint32_t teams;
  uint32_t ingress_team;
  enum grosr_idle_mode idle_mode;
  uint64_t idle_exit_ns;
};

struct submitter {
  struct tool *tool;
  pthread_t thread;
  uint64_t seed;
  uint64_t tasks; /* to submit */
  uint64_t done;
  unsigned wrong; /* results that were not what the op returns */
};

static uint64_t seconds = 10, tasks_wanted, seed = 1;

/* A window of tasks, then all of its tickets; then the words they own are looked at and cleared. */
static unsigned window_run(struct submitter *s, uint64_t *words, uint64_t device, size_t count)
{
  struct grosr_task tasks[WINDOW];
  grosr_ticket tickets[WINDOW] = {0};
  int32_t results[WINDOW] = {0};
  unsigned wrong = 0;
  for (size_t i = 0; i < count; i++) {
    const bool forks = tool_random(&s->seed) % 8u == 0u;
    tasks[i] = tool_task(s->tool, forks ? "burst" : "count", device, i * (CHILDREN + 1u));
    tasks[i].arg[2] = forks ? CHILDREN : 0u;
  }
  int64_t at = 0;
  while (at < (int64_t)count) {
    const int64_t more =
        grosr_submit_many(s->tool->g, tasks + at, count - (size_t)at, TOOL_WAIT_NS, tickets + at);
    if (more < 0) {
      return 1000000u;
    }
    at += more;
  }
  if (grosr_wait_many(s->tool->g, tickets, count, TOOL_WAIT_NS, results) != (int64_t)count) {
    return 1000000u;
  }
  for (size_t i = 0; i < count; i++) {
    const bool is_full = results[i] == -11; /* the queue was: the fork left nothing behind */
    wrong += results[i] != 0 && !is_full;
    for (size_t word = 0; word <= CHILDREN; word++) {
      const uint64_t wanted = !is_full && (word == 0 || tasks[i].arg[2] != 0u) ? 1u : 0u;
      wrong += words[i * (CHILDREN + 1u) + word] != wanted;
    }
  }
  memset(words, 0, count * (CHILDREN + 1u) * sizeof *words);
  return wrong;
}

static void *submitter_main(void *argument)
{
  struct submitter *s = argument;
  uint64_t device;
  uint64_t *words = tool_words(s->tool, WINDOW * (CHILDREN + 1u), &device);
  while (s->done < s->tasks && s->wrong == 0) {
    size_t count = 1u + tool_random(&s->seed) % WINDOW;
    count = count < s->tasks - s->done ? count : s->tasks - s->done;
    s->wrong += window_run(s, words, device, count);
    s->done += count;
    if (tool_random(&s->seed) % 16u == 0u) {
      tool_nap_ns(tool_random(&s->seed) % 300000u);
    }
  }
  return NULL;
}

/* `tasks` through one device. Returns how many checks failed. */
static unsigned run(const struct mode *mode, uint64_t tasks, uint64_t seed_now)
{
  struct tool tool;
  struct submitter submitter[SUBMITTERS];
  memset(&tool, 0, sizeof tool);
  tool.name = "stress_tasks";
  grosr_options_init(&tool.options);
  tool.options.device = "cpu";
  tool.options.image = &grosr_image_test;
  tool.options.teams = tool.teams = mode->teams;
  tool.options.ingress_team = mode->ingress_team;
  tool.options.idle_mode = mode->idle_mode;
  tool.options.idle_exit_ns = mode->idle_exit_ns;
  tool.options.placement = GROSR_PLACE_NONE; /* submitters would inherit the opener's core */
  tool.options.ingress_slots = 64u << seed_now % 5u;
  tool.options.op_ns_max = TOOL_WAIT_NS;
  tool_open(&tool);
  for (int i = 0; i < SUBMITTERS; i++) {
    memset(&submitter[i], 0, sizeof submitter[i]);
    submitter[i].tool = &tool;
    submitter[i].seed = seed_now * 1000003u + (uint64_t)i + 1u;
    submitter[i].tasks = tasks / SUBMITTERS;
    if (pthread_create(&submitter[i].thread, NULL, submitter_main, &submitter[i]) != 0) {
      puts("FAILED stress_tasks: no thread");
      exit(1);
    }
  }
  uint64_t done = 0;
  for (int i = 0; i < SUBMITTERS; i++) {
    pthread_join(submitter[i].thread, NULL);
    CHECK_EQ(&tool, submitter[i].wrong, 0);
    done += submitter[i].done;
  }
  CHECK_EQ(&tool, grosr_wait_all(tool.g, TOOL_WAIT_NS), 0);
  const struct grosr_stats stats = tool_stats(&tool);
  CHECK_EQ(&tool, stats.accepted, done);
  tool_close(&tool, 0);
  printf("%s %u teams, ingress %u, idle %d, exit %llu us: %llu tasks, %llu sleeps, %llu launches, "
         "%llu ingress, %llu queue, %llu mailbox\n",
         tool.failures ? "FAILED" : "ok", mode->teams, mode->ingress_team, (int)mode->idle_mode,
         (unsigned long long)mode->idle_exit_ns / 1000u, (unsigned long long)stats.completed,
         (unsigned long long)stats.sleeps, (unsigned long long)stats.launches,
         (unsigned long long)stats.from_ingress, (unsigned long long)stats.from_queue,
         (unsigned long long)stats.from_mailbox);
  fflush(stdout);
  return tool.failures;
}

static struct mode mode_pick(uint64_t *random)
{
  struct mode mode;
  mode.teams = 1u + (uint32_t)(tool_random(random) % 4u);
  mode.ingress_team = mode.teams > 1u && tool_random(random) % 2u == 0u ? 1u : 2u;
  mode.idle_mode = (enum grosr_idle_mode)(tool_random(random) % 3u);
  mode.idle_exit_ns = tool_random(random) % 2u == 0u ? 20000u << tool_random(random) % 6u : 0u;
  return mode;
}

int main(int argc, char **argv)
{
  for (int i = 1; i + 1 < argc; i += 2) {
    const uint64_t value = strtoull(argv[i + 1], NULL, 10);
    if (strcmp(argv[i], "--seconds") == 0) {
      seconds = value;
    } else if (strcmp(argv[i], "--tasks") == 0) {
      tasks_wanted = value;
    } else if (strcmp(argv[i], "--seed") == 0) {
      seed = value;
    }
  }
  unsigned failures = 0;
  if (tasks_wanted != 0) {
    const struct mode mode = {1, 2, GROSR_IDLE_BALANCED, 0};
    failures = run(&mode, 30000, 4);
    const uint64_t before = tool_resident_bytes();
    failures += run(&mode, tasks_wanted, 4);
    const uint64_t after = tool_resident_bytes();
    printf("resident: %llu KiB before, %llu KiB after\n", (unsigned long long)before / 1024u,
           (unsigned long long)after / 1024u);
    return failures != 0 || after > before + GROWTH_BYTES_MAX ? 1 : 0;
  }
  const uint64_t end_ns = tool_now_ns() + seconds * 1000000000u;
  uint64_t random = seed * 0x9e3779b97f4a7c15ull + 1u;
  for (uint64_t i = 0; tool_now_ns() < end_ns && failures == 0; i++) {
    const struct mode mode = mode_pick(&random);
    failures += run(&mode, 6000, seed + i);
  }
  return failures != 0 ? 1 : 0;
}
