/* test_top.c - `grosr top --once` on frames written here: what is shown, and what is refused.
 * Frames of a real device: ../../runtime/test/test_top.c. Next: test_more.c */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <grosr/top.h>

#include "spawn.h"

static struct spawned run;
static struct {
  struct grosr_top top;
  char names[2][GROSR_TOP_NAME_BYTES];
  struct grosr_top_team team[2];
} frame;

static void make_run(void)
{
  spawn_open(&run);
  memset(&frame, 0, sizeof(frame));
  frame.top.magic = GROSR_TOP_MAGIC;
  frame.top.version = GROSR_TOP_VERSION;
  frame.top.bytes = sizeof(frame);
  frame.top.pid = (uint32_t)getpid();
  frame.top.number = 1;
  frame.top.now_ns = 5000000000u;
  frame.top.teams = 2;
  frame.top.lanes = 1;
  frame.top.ops = 2;
  frame.top.ring_slots = 1024;
  frame.top.accepted = 1500;
  frame.top.completed = 1400;
  frame.top.launches = 1;
  frame.top.context[0] = (struct grosr_top_context){
      .state = GROSR_TOP_OPEN, .weight = 1, .priority = 1, .quota = UINT32_MAX};
  frame.top.context[3] = (struct grosr_top_context){.state = GROSR_TOP_OPEN | GROSR_TOP_PAUSED,
                                                    .weight = 8,
                                                    .priority = 0,
                                                    .quota = 2,
                                                    .queued = 77,
                                                    .waiting = 78};
  strcpy(frame.top.device, "cpu");
  strcpy(frame.top.image, "test");
  strcpy(frame.names[1], "matmul\033[2J"); /* another process wrote it */
  frame.team[0] = (struct grosr_top_team){GROSR_TEAM_RUNNING, 1, 3, 1, 2500000000u, 1400, 2};
  frame.team[1] = (struct grosr_top_team){.state = GROSR_TEAM_ASLEEP};
}

static void drop_run(void)
{
  spawn_close(&run);
}

TestSuite(top, .init = make_run, .fini = drop_run, .timeout = 60);

static void publish(unsigned pid, unsigned number)
{
  char path[160];
  snprintf(path, sizeof(path), "%s/grosr-%u-%u.top", run.folder, pid, number);
  FILE *file = fopen(path, "wb");
  fwrite(&frame, sizeof(frame), 1, file);
  fclose(file);
}

static void top(const char *more)
{
  char arguments[256];
  snprintf(arguments, sizeof(arguments), "top --once --folder %s %s", run.folder, more);
  spawn(&run, "HX_TEST_GROSR", arguments);
}

Test(top, a_frame_shows_contexts_queues_and_teams)
{
  publish((unsigned)getpid(), 1);
  top("");
  cr_assert_eq(run.code, 0, "%s%s", run.out, run.err);
  cr_assert_not_null(strstr(run.out, "'test' on cpu: 2 teams of 1 lane, open for 5.0 s, good\n"),
                     "%s", run.out);
  cr_assert_not_null(strstr(run.out, "1.5k from the host, 0 by ops, 100 in flight"), "%s", run.out);
  cr_assert_not_null(strstr(run.out, "ring: 0 of 1024; policy round-robin"), "%s", run.out);
  cr_assert_not_null(strstr(run.out, "      3      8        0      2     77      78"), "%s",
                     run.out);
  cr_assert_not_null(strstr(run.out, "paused"), "%s", run.out);
  cr_assert_not_null(strstr(run.out, "      0 RUNNING    2.5 s       3"), "%s", run.out);
  cr_assert_not_null(strstr(run.out, "      1 asleep"), "%s", run.out);
  cr_assert_null(strchr(run.out, '\033'), "no escapes, ours or another's: %s", run.out);
}

Test(top, the_last_device_of_a_process_is_shown_unless_one_is_named)
{
  char arguments[32];
  publish((unsigned)getpid(), 1);
  frame.top.accepted = 2500;
  publish((unsigned)getpid(), 2);
  top("");
  cr_assert_not_null(strstr(run.out, "2.5k from the host"), "%s", run.out);
  snprintf(arguments, sizeof(arguments), "%d.1", (int)getpid());
  top(arguments);
  cr_assert_not_null(strstr(run.out, "1.5k from the host"), "%s", run.out);
}

static void refused(const char *sentence)
{
  cr_assert_neq(run.code, 0);
  cr_assert_not_null(strstr(run.err, sentence), "%s", run.err);
  cr_assert_eq(spawn_count(run.err, "\n"), 1, "%s", run.err);
}

Test(top, what_cannot_be_shown_is_refused_with_the_remedy)
{
  char arguments[32];
  top("");
  refused("no process publishes what its device does; start it with GROSR_TOP=1");
  top("4194305"); /* above every pid_max */
  refused("there is no process 4194305");
  snprintf(arguments, sizeof(arguments), "%d", (int)getpid());
  top(arguments);
  refused("publishes nothing; start it with GROSR_TOP=1");
  publish((unsigned)getpid(), 1);
  publish((unsigned)getppid(), 1);
  top("");
  refused("several processes publish; name one of");
}

Test(top, a_frame_of_another_version_is_refused)
{
  frame.top.version = 9;
  publish((unsigned)getpid(), 1);
  top("");
  refused("is of version 9, this grosr reads 1; use the grosr that was built with");
  frame.top.version = GROSR_TOP_VERSION;
  frame.top.teams = 3;
  publish((unsigned)getpid(), 1);
  top("");
  refused("is not whole");
}

Test(top, what_a_dead_process_left_is_removed)
{
  char path[160];
  publish(4194305u, 1);
  top("");
  refused("no process publishes");
  snprintf(path, sizeof(path), "%s/grosr-4194305-1.top", run.folder);
  cr_assert_neq(access(path, F_OK), 0);
}
