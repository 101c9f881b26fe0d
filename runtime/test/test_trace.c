/* test_trace.c - events of a device on the cpu: complete, in order, lost ones counted; switching it
 * off; the file; the black box; what is refused. Next: test_top.c. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <grosr/trace.h>

#include "test_steps.h"
#include "test_tool.h"

#define EVENTS 65536u

static struct grosr_event event[EVENTS];

static void traced(struct grosr_options *options)
{
  options->teams = 1;
  options->trace_events = 4096;
}

static void traced_little(struct grosr_options *options)
{
  traced(options);
  options->trace_events = 64;
}

static void untraced(struct grosr_options *options)
{
  options->teams = 1;
}

/* All that is new. A task is done before its team has noted its END: looks until nothing comes. */
static size_t read_all(struct grosr *g)
{
  size_t count = 0;
  for (int looks = 0; looks < 20; looks++) {
    const int64_t more = grosr_trace_read(g, event + count, EVENTS - count);
    cr_assert_geq(more, 0, "%s", grosr_last_error());
    count += (size_t)more;
    looks = more != 0 ? 0 : looks;
    tool_nap_ns(1000000);
  }
  return count;
}

static size_t count_of(size_t count, unsigned track, unsigned kind)
{
  size_t found = 0;
  for (size_t i = 0; i < count; i++) {
    const bool is_sleep = kind == GROSR_EVENT_END && event[i].task == 0;
    found += event[i].track == track && event[i].kind == kind && !is_sleep ? 1u : 0u;
  }
  return found;
}

static const struct grosr_event *find(size_t count, unsigned track, unsigned kind)
{
  for (size_t i = 0; i < count; i++) {
    if (event[i].track == track && event[i].kind == kind && event[i].task != 0) {
      return &event[i];
    }
  }
  cr_assert_fail("no event of kind %u on track %u", kind, track);
  return NULL;
}

static int32_t run(struct grosr *g, const struct grosr_task *task)
{
  grosr_ticket ticket;
  int32_t result = -1;
  cr_assert_eq(grosr_submit(g, task, &ticket), 0);
  cr_assert_eq(grosr_wait(g, ticket, TOOL_WAIT_NS, &result), 0);
  return result;
}

Test(trace, a_task_is_seen_from_submit_to_end)
{
  struct grosr *g = device_open(traced);
  struct grosr_trace_clock clock;
  const uint64_t since_ns = tool_now_ns();
  const struct grosr_task task = device_task(g, "answer", (uint64_t)(uint32_t)-5);
  cr_assert_eq(run(g, &task), -5);
  const uint64_t until_ns = tool_now_ns();
  const size_t count = read_all(g);
  const struct grosr_event *submit = find(count, GROSR_TRACK_SUBMITS, GROSR_EVENT_SUBMIT);
  const struct grosr_event *start = find(count, 0, GROSR_EVENT_START);
  const struct grosr_event *end = find(count, 0, GROSR_EVENT_END);
  cr_assert_eq(grosr_trace_clock(g, &clock), 0);
  cr_assert_eq(clock.device_error_ns, 0);
  cr_assert_lt(clock.host_error_ns, 1000000);
  cr_assert_neq(submit->task, 0);
  cr_assert_eq(submit->task, start->task);
  cr_assert_eq(submit->task, end->task);
  cr_assert_eq(submit->op, task.op);
  cr_assert_eq(start->op, task.op);
  cr_assert_eq(end->op, 5);
  cr_assert_leq(start->ns, end->ns);
  cr_assert_geq(submit->ns + clock.host_error_ns, since_ns);
  cr_assert_leq(start->ns, until_ns + clock.host_error_ns);
  cr_assert_eq(grosr_close(g), 0);
}

Test(trace, every_event_is_given_or_counted_as_lost)
{
  struct grosr *g = device_open(traced_little);
  const struct grosr_task task = device_task(g, "answer", 0);
  size_t given = 0, lost = 0;
  for (int round = 0; round < 10; round++) {
    for (int i = 0; i < 100; i++) {
      run(g, &task);
    }
    const size_t count = read_all(g);
    for (size_t i = 0; i < count; i++) {
      if (event[i].track == GROSR_TRACK_SUBMITS) {
        given += event[i].kind == GROSR_EVENT_SUBMIT ? 1u : 0u;
        lost += event[i].kind == GROSR_EVENT_DROP ? event[i].task : 0u;
      }
    }
    cr_assert_leq(count_of(count, 0, GROSR_EVENT_START), 64);
  }
  cr_assert_eq(given + lost, 1000, "%zu given, %zu lost", given, lost);
  cr_assert_eq(given, 640);
  cr_assert_eq(grosr_close(g), 0);
}

Test(trace, what_ops_submit_is_followed_too)
{
  struct grosr *g = device_open(traced);
  void *host;
  uint64_t device;
  cr_assert_eq(grosr_shared_take(g, 1024, &host, &device), 0);
  struct grosr_task task = device_task(g, "chain", device);
  task.arg[1] = 5;
  run(g, &task);
  cr_assert_eq(grosr_wait_all(g, TOOL_WAIT_NS), 0);
  const size_t count = read_all(g);
  const size_t submits = count_of(count, 0, GROSR_EVENT_SUBMIT);
  const size_t starts =
      count_of(count, 0, GROSR_EVENT_START) + count_of(count, 0, GROSR_EVENT_STEAL);
  cr_assert_gt(submits, 0);
  cr_assert_eq(starts, submits + 1u);
  cr_assert_eq(count_of(count, 0, GROSR_EVENT_END), starts);
  for (size_t i = 0; i < count; i++) {
    size_t begun = 0;
    for (size_t k = 0; k < count && event[i].kind == GROSR_EVENT_SUBMIT; k++) {
      begun += event[k].task == event[i].task &&
                       (event[k].kind == GROSR_EVENT_START || event[k].kind == GROSR_EVENT_STEAL)
                   ? 1u
                   : 0u;
    }
    cr_assert(event[i].kind != GROSR_EVENT_SUBMIT || begun == 1u);
  }
  cr_assert_eq(grosr_close(g), 0);
}

Test(trace, stopped_nothing_is_noted_and_what_was_stays)
{
  struct grosr *g = device_open(traced);
  const struct grosr_task task = device_task(g, "answer", 0);
  run(g, &task);
  cr_assert_eq(grosr_trace_stop(g), 0, "%s", grosr_last_error());
  for (int i = 0; i < 100; i++) {
    run(g, &task);
  }
  const size_t count = read_all(g);
  cr_assert_eq(count_of(count, 0, GROSR_EVENT_START), 1);
  cr_assert_eq(count_of(count, GROSR_TRACK_SUBMITS, GROSR_EVENT_SUBMIT), 1);
  cr_assert_eq(grosr_trace_start(g), 0);
  run(g, &task);
  cr_assert_eq(count_of(read_all(g), 0, GROSR_EVENT_START), 1);
  cr_assert_eq(grosr_close(g), 0);
}

Test(trace, the_black_box_has_the_last_events)
{
  char text[8192];
  struct grosr *g = device_open(traced);
  const struct grosr_task task = device_task(g, "answer", 0);
  run(g, &task);
  tool_nap_ns(1000000);
  grosr_black_box(g, text, sizeof text);
  const char *start = strstr(text, "us ago it starts 'answer', task 0x1");
  cr_assert_not_null(start, "%s", text);
  cr_assert_not_null(strstr(start, "us ago it ends with errno 0"), "%s", text);
  cr_assert_gt(read_all(g), 0); /* they are still to be read */
  cr_assert_eq(grosr_close(g), 0);
}

Test(trace, a_file_is_written_once_and_whole)
{
  char folder[] = "/tmp/grosr-test-XXXXXX", path[64];
  struct grosr_trace_file header;
  cr_assert_not_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/events", folder);
  struct grosr *g = device_open(traced);
  const struct grosr_task task = device_task(g, "answer", 0);
  run(g, &task);
  cr_assert_eq(grosr_trace_save(g, path), 0, "%s", grosr_last_error());
  FILE *file = fopen(path, "rb");
  cr_assert_eq(fread(&header, sizeof header, 1, file), 1);
  fseek(file, 0, SEEK_END);
  cr_assert_eq(ftell(file), (long)(sizeof header + header.names * GROSR_NAME_BYTES +
                                   header.events * sizeof(struct grosr_event)));
  fclose(file);
  cr_assert_eq(header.magic, GROSR_TRACE_MAGIC);
  cr_assert_geq(header.events, 3);
  cr_assert_eq(grosr_trace_save(g, path), -EIO); /* it is there */
  cr_assert_not_null(strstr(grosr_last_error(), "name a file that is not there"));
  unlink(path);
  setenv("GROSR_TRACE", path, 1);
  cr_assert_eq(grosr_close(g), 0);
  unsetenv("GROSR_TRACE");
  snprintf(path, sizeof path, "%s/events.%d.1", folder, (int)getpid());
  cr_assert_eq(unlink(path), 0, "not written: %s", path);
  rmdir(folder);
}

Test(trace, without_a_trace_the_sentence_says_how)
{
  struct grosr *g = device_open(untraced);
  cr_assert_eq(grosr_trace_read(g, event, EVENTS), -ENODATA);
  cr_assert_not_null(strstr(grosr_last_error(), "open it with trace_events"));
  cr_assert_eq(grosr_trace_stop(g), -ENODATA);
  cr_assert_eq(grosr_trace_save(g, "/tmp/x"), -ENODATA);
  cr_assert_eq(grosr_trace_read(g, NULL, 10), -EINVAL);
  cr_assert_eq(grosr_close(g), 0);
}

Test(trace, a_ring_that_is_no_power_of_two_is_refused)
{
  struct grosr_options options;
  struct grosr *g = NULL;
  const uint32_t bad[] = {1, 63, 65, 2097152};
  for (size_t i = 0; i < 4; i++) {
    grosr_options_init(&options);
    options.device = "cpu";
    options.image = &grosr_image_test;
    options.trace_events = bad[i];
    cr_assert_eq(grosr_open(&options, &g), -EINVAL);
    cr_assert_not_null(strstr(grosr_last_error(), "trace_events is"));
  }
}
