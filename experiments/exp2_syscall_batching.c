/* exp2_syscall_batching.c - what a call of the host's costs an op, by how many are out at once.
 *
 *   null_relay   calls that do nothing: what the way costs
 *   relay        reads of a file in the page cache, 64 bytes to 64 KiB
 *   direct       the same reads by a thread of the host, one after another: the floor
 *
 * A lane posts `batch` calls, waits for their answers, looks at each, and posts again: `call_us` is
 * the time of an interval by its calls. `idle` is the mediator's preset: spin takes a core whatever
 * is asked, sleep sleeps after 2 us without a call, balanced after 50 us. cpu_percent is the CPU
 * time of its thread by the interval, of one core; fill, how many calls one look of it found.
 *
 * Every answer is looked at, and the first and last word of what was read; one that is not right
 * fails the point. Next: exp2_relay.h */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exp2_relay.h"

#define CALLS_FIRST 2048u
#define INTERVAL_NS 2e6
#define SAMPLES     30u
#define SAMPLES_SIM 4u
#define CALLS_SIM   8u

static int is_sim(const struct hx_point *point)
{
  return strcmp(hx_device(point), "sim") == 0;
}

static uint64_t bytes_of(struct hx_point *point)
{
  return hx_factor_u64(point, "read_bytes");
}

static bool more(struct hx_point *point, uint32_t taken)
{
  const bool is_paper = strcmp(hx_tier(point), "paper") == 0;
  const bool is_smoke = strcmp(hx_tier(point), "smoke") == 0;
  return hx_more(point, "call_us") &&
         (is_paper || taken < (is_sim(point) ? SAMPLES_SIM : is_smoke ? 8u : SAMPLES));
}

/* So many calls of a lane make an interval of the usual length. */
static uint64_t count_for(const struct hx_point *point, double seconds, uint64_t count)
{
  const double wanted = INTERVAL_NS / (seconds * 1e9) * (double)count;
  return is_sim(point) ? CALLS_SIM : wanted < 1.0 ? 1u : (uint64_t)wanted;
}

static int measure(struct hx_point *point, uint64_t bytes)
{
  static struct exp2 exp;
  struct exp2_result out;
  uint64_t count = is_sim(point) ? CALLS_SIM : CALLS_FIRST;
  int result = exp2_open(&exp, point, bytes);
  if (result < 0) {
    return result;
  }
  for (uint32_t i = 0; i < 3u && result == 0; i++) { /* warms up, and tells how long it takes */
    result = exp2_run(&exp, count, &out);
  }
  count = result == 0 ? count_for(point, out.seconds, count) : count;
  for (uint32_t i = 0; result == 0 && more(point, i); i++) {
    result = exp2_run(&exp, count, &out);
    if (result == 0) {
      hx_sample(point, "call_us", out.seconds * 1e6 / (double)out.calls);
      hx_sample(point, "calls_per_s", (double)out.calls / out.seconds);
      hx_sample(point, "fill", out.fill);
      if (!is_sim(point)) {
        hx_sample(point, "cpu_percent", 100.0 * out.mediator_s / out.seconds);
      }
    }
  }
  return exp2_close(&exp, result);
}

static int run_null(struct hx_point *point)
{
  return measure(point, 0);
}
static int run_relay(struct hx_point *point)
{
  return measure(point, bytes_of(point));
}

/* One interval of plain reads; wrong: what was read is not what the file has. */
static int direct(struct hx_point *point, int file, unsigned char *buffer, uint64_t calls,
                  double *seconds)
{
  const uint64_t bytes = bytes_of(point);
  uint64_t wrong = 0;
  const uint64_t begin_ns = hx_now_ns();
  for (uint64_t i = 0; i < calls; i++) {
    const uint64_t offset = i * bytes % EXP2_FILE_BYTES;
    const ssize_t got = pread(file, buffer, bytes, (off_t)offset);
    uint64_t word;
    memcpy(&word, buffer, sizeof(word));
    wrong += got != (ssize_t)bytes || word != EXP2_WORD(offset);
  }
  *seconds = (double)(hx_now_ns() - begin_ns) / 1e9;
  return wrong == 0 ? 0 : hx_fail(point, "%llu reads were wrong", (unsigned long long)wrong);
}

static int run_direct(struct hx_point *point)
{
  char folder[64] = "", path[96];
  unsigned char *buffer = malloc(bytes_of(point));
  uint64_t calls = CALLS_FIRST;
  double seconds = 0.0;
  int result = exp2_file_make(point, folder, sizeof(folder));
  snprintf(path, sizeof(path), "%s/file", folder);
  const int file = result == 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (result == 0 && (file < 0 || buffer == NULL)) {
    result = hx_fail(point, "%s: %s", path, strerror(errno));
  }
  hx_pin(point, 0);
  for (uint32_t i = 0; i < 3u && result == 0; i++) {
    result = direct(point, file, buffer, calls, &seconds);
  }
  calls = result == 0 ? count_for(point, seconds, calls) : calls;
  for (uint32_t i = 0; result == 0 && more(point, i); i++) {
    result = direct(point, file, buffer, calls, &seconds);
    if (result == 0) {
      hx_sample(point, "call_us", seconds * 1e6 / (double)calls);
      hx_sample(point, "calls_per_s", (double)calls / seconds);
    }
  }
  if (file >= 0) {
    close(file);
  }
  free(buffer);
  exp2_file_remove(folder);
  return result;
}

int main(int argc, char **argv)
{
  static const struct hx_metric metrics[] = {{"call_us", "us"},
                                             {"calls_per_s", "1/s"},
                                             {"cpu_percent", "percent"},
                                             {"fill", "1"},
                                             {0}};
  static const struct hx_factor factors[] = {
      {"batch", "1,16,64", "1,4,16,64,256", "1,4"},
      {"call", "read", NULL, NULL},
      {"read_bytes", "64,4096", "64,512,4096,65536", NULL},
      {"idle", "spin,sleep", "spin,balanced,sleep", "sleep"},
      {"teams", "1", NULL, "2"},
      {0}};
  static const struct hx_variant variants[] = {
      {"null_relay", "any", NULL, run_null, "batch,idle,teams"},
      {"relay", "any", NULL, run_relay, "batch,call,read_bytes,idle,teams"},
      {"direct", "cpu", NULL, run_direct, "call,read_bytes"},
      {0}};
  static const struct hx_experiment experiment = {
      .name = "exp2_syscall_batching",
      .title = "what a call of the host's costs an op, by how many are out at once",
      .metrics = metrics,
      .factors = factors,
      .variants = variants};
  return exp_main(argc, argv, &experiment);
}
