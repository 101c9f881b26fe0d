/* test_trace.c - `grosr trace` on files of events made here: the timeline keeps the viewers' rules,
 * and what is no such file is refused. Runs of real devices: experiments/check_trace.
 * Next: test_top.c */
#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <grosr/trace.h>

#include "spawn.h"
#include "trace_rules.h"

static struct spawned run;
static struct grosr_event event[64];
static struct grosr_trace_file header;
static size_t count;

static void make_run(void)
{
  spawn_open(&run);
  count = 0;
  header = (struct grosr_trace_file){.magic = GROSR_TRACE_MAGIC,
                                     .version = GROSR_TRACE_VERSION,
                                     .header_bytes = sizeof(struct grosr_trace_file),
                                     .event_bytes = sizeof(struct grosr_event),
                                     .pid = 7,
                                     .number = 1,
                                     .teams = 2,
                                     .names = 2,
                                     .device = "cpu",
                                     .image = "a \"quoted\" one"};
}

static void drop_run(void)
{
  spawn_close(&run);
}

TestSuite(trace, .init = make_run, .fini = drop_run, .timeout = 60);

static struct grosr_event *add(unsigned kind, unsigned track, uint64_t ns, uint32_t task)
{
  struct grosr_event *now = &event[count];
  *now = (struct grosr_event){
      .ns = 1000000 + ns, .task = task, .track = (uint16_t)track, .kind = (uint8_t)kind};
  now->sequence = (uint32_t)count++;
  return now;
}

static void path_of(const char *name, char path[128])
{
  snprintf(path, 128, "%s/%s", run.folder, name);
}

static void write_file(const char *name, size_t bytes_less)
{
  static const char names[2][GROSR_NAME_BYTES] = {"work", "more"};
  char text[sizeof(header) + sizeof(names) + sizeof(event)];
  char path[128];
  header.events = count;
  memcpy(text, &header, sizeof(header));
  memcpy(text + sizeof(header), names, sizeof(names));
  memcpy(text + sizeof(header) + sizeof(names), event, count * sizeof(event[0]));
  path_of(name, path);
  FILE *file = fopen(path, "wb");
  fwrite(text, sizeof(header) + sizeof(names) + count * sizeof(event[0]) - bytes_less, 1, file);
  fclose(file);
}

static struct trace_found check(void)
{
  struct trace_found found;
  char path[128], why[256] = "";
  path_of("trace.json", path);
  cr_assert_eq(run.code, 0, "%s%s", run.out, run.err);
  cr_assert_eq(trace_rules_check(path, &found, why), 0, "%s", why);
  return found;
}

/* A task of the host on team 1, its child on team 0. */
static void add_two_tasks(void)
{
  add(GROSR_EVENT_SUBMIT, GROSR_TRACK_SUBMITS, 0, 5);
  add(GROSR_EVENT_WAIT, GROSR_TRACK_WAITS, 10, 5)->op = 1;
  add(GROSR_EVENT_START, 1, 100, 5);
  add(GROSR_EVENT_SUBMIT, 1, 150, 0x80000001u)->op = 1;
  add(GROSR_EVENT_TICK, 1, 160, 1);
  add(GROSR_EVENT_END, 1, 300, 5);
  add(GROSR_EVENT_STEAL, 0, 320, 0x80000001u)->op = 1;
  add(GROSR_EVENT_END, GROSR_TRACK_WAITS, 400, 5)->op = 1;
  add(GROSR_EVENT_END, 0, 500, 0x80000001u);
  add(GROSR_EVENT_TICK, 0, 510, 0);
}

Test(trace, a_task_is_followed_from_its_submit_to_who_waited_for_it)
{
  add_two_tasks();
  write_file("e.1", 0);
  spawn(&run, "HX_TEST_GROSR", "trace ./e.1");
  const struct trace_found found = check();
  cr_assert_eq(found.slices, 5); /* two ops, two submits, a wait */
  cr_assert_eq(found.flows, 2);
  cr_assert_eq(found.threads, 4); /* two teams, submits, a thread that waits */
  cr_assert_not_null(strstr(run.out, "10 events, 2 tasks, 2 followed; 0 events were"), "%s",
                     run.out);
  char *text = spawn_read(&run, "trace.json");
  cr_assert_not_null(strstr(text, "\"name\":\"work\",\"args\":{\"task\":5,\"context\":0,"
                                  "\"from\":\"pushed\",\"errno\":0}"));
  cr_assert_not_null(strstr(text, "a \\\"quoted\\\" one on cpu (process 7"));
  cr_assert_not_null(strstr(text, "\"run queue of context 0\",\"args\":{\"tasks\":1}"));
  cr_assert_not_null(strstr(text, "\"submitted, not begun\",\"args\":{\"tasks\":1}"));
  free(text);
}

Test(trace, what_was_lost_is_said_and_breaks_no_rule)
{
  add(GROSR_EVENT_END, 0, 0, 3); /* its START was overwritten */
  add(GROSR_EVENT_START, 0, 10, 4);
  add(GROSR_EVENT_START, 0, 20, 5); /* and so was the END of 4 */
  add(GROSR_EVENT_DROP, 0, 30, 77);
  add(GROSR_EVENT_END, 0, 40, 6);
  add(GROSR_EVENT_END, 0, 50, 7)->op = 125; /* refused */
  add(GROSR_EVENT_START, 1, 60, 8);         /* runs still */
  write_file("e.1", 0);
  spawn(&run, "HX_TEST_GROSR", "trace ./e.1");
  const struct trace_found found = check();
  cr_assert_eq(found.instants, 2);
  cr_assert_not_null(strstr(run.out, "77 events were overwritten"), "%s", run.out);
}

Test(trace, no_flow_ends_in_a_wait_whose_begin_was_lost)
{
  add(GROSR_EVENT_SUBMIT, GROSR_TRACK_SUBMITS, 0, 5);
  add(GROSR_EVENT_START, 0, 10, 5);
  add(GROSR_EVENT_DROP, GROSR_TRACK_WAITS, 20, 1)->op = 0;
  add(GROSR_EVENT_END, GROSR_TRACK_WAITS, 20, 5)->op = 1;
  add(GROSR_EVENT_END, 0, 30, 5);
  add(GROSR_EVENT_WAIT, GROSR_TRACK_WAITS, 40, 6)->op = 1;
  add(GROSR_EVENT_END, GROSR_TRACK_WAITS, 50, 6)->op = 1;
  event[count - 1].context = ETIMEDOUT; /* a wait that gave up is no end of a task */
  write_file("e.1", 0);
  spawn(&run, "HX_TEST_GROSR", "trace ./e.1");
  const struct trace_found found = check();
  cr_assert_eq(found.slices, 3);
  cr_assert_eq(found.flows, 1);
}

Test(trace, a_parked_task_is_seen_where_it_waits)
{
  add(GROSR_EVENT_SUBMIT, GROSR_TRACK_SUBMITS, 0, 5);
  add(GROSR_EVENT_WAIT, 0, 10, 5);
  add(GROSR_EVENT_START, 1, 100, 5);
  add(GROSR_EVENT_END, 1, 110, 5);
  write_file("e.1", 0);
  spawn(&run, "HX_TEST_GROSR", "trace ./e.1");
  const struct trace_found found = check();
  cr_assert_eq(found.slices, 3);
  cr_assert_eq(found.flows, 1);
  char *text = spawn_read(&run, "trace.json");
  cr_assert_not_null(strstr(text, "\"dur\":0.001,\"cat\":\"wait\",\"name\":\"parked\""), "%s",
                     text);
  cr_assert_not_null(strstr(text, "\"name\":\"parked\",\"args\":{\"tasks\":1}"), "%s", text);
  cr_assert_not_null(strstr(text, "\"name\":\"submitted, not begun\",\"args\":{\"tasks\":1}"));
  free(text);
}

Test(trace, no_events_are_a_timeline_too)
{
  write_file("e.1", 0);
  spawn(&run, "HX_TEST_GROSR", "trace ./e.1");
  cr_assert_eq(check().slices, 0);
}

Test(trace, several_devices_are_processes_of_one_timeline)
{
  add_two_tasks();
  write_file("e.1", 0);
  header.number = 2;
  write_file("e.2", 0);
  spawn(&run, "HX_TEST_GROSR", "trace ./e.1 ./e.2");
  cr_assert_eq(check().flows, 4);
}

static void refused(const char *name, const char *sentence)
{
  char arguments[160];
  snprintf(arguments, sizeof(arguments), "trace %s", name);
  spawn(&run, "HX_TEST_GROSR", arguments);
  cr_assert_eq(run.code, 2, "%s%s", run.out, run.err);
  cr_assert_not_null(strstr(run.err, sentence), "%s", run.err);
  cr_assert_eq(spawn_count(run.err, "\n"), 1, "%s", run.err);
}

Test(trace, what_is_no_file_of_events_is_refused_with_the_remedy)
{
  add_two_tasks();
  write_file("short.1", 1);
  refused("./short.1", "is not whole");
  refused("./nothing.1", "cannot read ./nothing.1: No such file");
  event[3].track = 2;
  write_file("track.1", 0);
  refused("./track.1", "is damaged: event 3 is of kind 1 on track 2 of 2 teams; trace again");
  event[3].track = 1;
  event[3].kind = 8;
  write_file("kind.1", 0);
  refused("./kind.1", "is damaged: event 3 is of kind 8");
  event[3].kind = 1;
  header.teams = 65535;
  write_file("teams.1", 0);
  refused("./teams.1", "is not whole");
  header.teams = 2;
  header.version = 9;
  write_file("other.1", 0);
  refused("./other.1", "is of version 9, this grosr reads 1; use the grosr that was built with");
  header.magic = 1;
  write_file("none.1", 0);
  refused("./none.1", "is not a file of events; libgrosr writes one for GROSR_TRACE=NAME");
  refused("-- ./nothing", "cannot run ./nothing; give its path");
  refused("-- /bin/true", "there is nothing to show");
}
