/* main.c - the smallest whole program on GROSR: an array is added up by tasks of the user's own op.
 *
 *   make && ./example            on the best device there is
 *   ./example cpu                on a device by name
 *
 * It takes memory that host and device share, submits one task for each part of the array, waits
 * for all tickets, and compares the sum with its own. Exit code 0: the same; 1: not, or something
 * failed, which grosr_last_error() then says. Next: ../include/grosr/grosr.h. */
#include <inttypes.h>
#include <stdio.h>

#include <grosr/grosr.h>

#define NUMBERS   65536u
#define TASKS     64u
#define PART      (NUMBERS / TASKS)
#define SECOND_NS 1000000000ull

GROSR_IMAGE(example); /* ops.c */

/* Adds up the numbers on the device. 0, or a negative errno. */
static int add_up(struct grosr *g, uint64_t *total, uint64_t *wanted)
{
  void *host;
  uint64_t device;
  uint32_t op;
  struct grosr_task tasks[TASKS];
  grosr_ticket tickets[TASKS];
  int32_t results[TASKS];
  const uint64_t bytes = NUMBERS * sizeof(uint32_t) + TASKS * sizeof(uint64_t);
  int error = grosr_shared_take(g, bytes, &host, &device);
  if (error < 0 || (error = grosr_op(g, "sum", &op)) < 0) {
    return error;
  }
  uint32_t *numbers = host;
  const uint64_t *sums = (const uint64_t *)(numbers + NUMBERS);
  for (uint32_t i = 0; i < NUMBERS; i++) {
    numbers[i] = i * 7u % 1000u;
    *wanted += numbers[i];
  }
  for (uint32_t i = 0; i < TASKS; i++) {
    const uint64_t args[] = {device + i * PART * sizeof(uint32_t), PART,
                             device + NUMBERS * sizeof(uint32_t) + i * sizeof(uint64_t)};
    grosr_task_init(&tasks[i], op, 0, args, sizeof args);
  }
  int64_t done = grosr_submit_many(g, tasks, TASKS, SECOND_NS, tickets);
  if (done == TASKS) {
    done = grosr_wait_many(g, tickets, TASKS, 10 * SECOND_NS, results);
  }
  for (uint32_t i = 0; done == TASKS && i < TASKS; i++) {
    error = results[i] < 0 ? results[i] : error; /* what the op returned */
    *total += sums[i];
  }
  return done == TASKS ? error : -1;
}

int main(int argc, char **argv)
{
  struct grosr_options options;
  struct grosr *g;
  uint64_t total = 0, wanted = 0;
  grosr_options_init(&options);
  options.device = argc > 1 ? argv[1] : "auto";
  options.image = &grosr_image_example;
  if (grosr_open(&options, &g) < 0) {
    fprintf(stderr, "example: %s\n", grosr_last_error());
    return 1;
  }
  const int error = add_up(g, &total, &wanted);
  if (error < 0) {
    fprintf(stderr, "example: %s\n", grosr_last_error());
  } else {
    printf("sum %" PRIu64 ", %s\n", total, total == wanted ? "which is right" : "WRONG");
  }
  grosr_close(g);
  return error < 0 || total != wanted ? 1 : 0;
}
