/* test_device_lanes.c - lanes, barrier, scratch, arguments, and every collective against the host.
 *
 * On the cpu a team is one lane and the collectives are the identity, so that run proves little
 * more than the plumbing; on cuda with 32, 64 and 256 lanes it counts. Next: test_device_result.c.
 * */
#include "test_tool.h"

#include <string.h>

static void lanes_see_each_other(struct tool *tool)
{
  uint64_t device;
  tool_open(tool);
  uint64_t *out = tool_words(tool, 1032, &device);
  const struct grosr_task task = tool_task(tool, "lanes", device, 0);
  CHECK_EQ(tool, tool_run(tool, &task), 0);
  for (uint32_t lane = 0; lane < tool->lanes; lane++) {
    CHECK_EQ(tool, out[lane], (uint64_t)((lane + 1u) % tool->lanes) * 136u);
  }
  CHECK_EQ(tool, out[1024], tool->lanes);
  CHECK(tool, out[1025] < tool->teams);
  CHECK_EQ(tool, out[1026], tool->teams);
  CHECK_EQ(tool, out[1027], grosr_incarnation(tool->g));
  CHECK_EQ(tool, out[1028], 0);
  tool_close(tool, 0);
}

static uint64_t lane_value(uint64_t seed, uint64_t lane)
{
  return (seed + lane + 1u) * 0x9e3779b97f4a7c15ull;
}

static void collect_check(struct tool *tool, const uint64_t *out, uint64_t seed)
{
  uint64_t sum = 0, least = UINT64_MAX, most = 0, below = 0;
  for (uint32_t lane = 0; lane < tool->lanes; lane++) {
    const uint64_t value = lane_value(seed, lane);
    sum += value;
    least = value < least ? value : least;
    most = value > most ? value : most;
  }
  for (uint32_t lane = 0; lane < tool->lanes; lane++, out += 8) {
    CHECK_EQ(tool, out[0], sum);
    CHECK_EQ(tool, out[1], least);
    CHECK_EQ(tool, out[2], most);
    CHECK_EQ(tool, out[3], below);
    CHECK_EQ(tool, out[4], lane_value(seed, 0));
    CHECK_EQ(tool, out[5], tool->lanes);
    below += lane_value(seed, lane);
  }
}

static void collectives_agree_with_the_host(struct tool *tool)
{
  uint64_t device;
  tool_open(tool);
  uint64_t *out = tool_words(tool, 8192, &device);
  for (uint64_t seed = 0; seed < 20; seed++) {
    memset(out, 0xee, 8192 * sizeof *out);
    const struct grosr_task task = tool_task(tool, "collect", device, seed * 977u);
    CHECK_EQ(tool, tool_run(tool, &task), 0);
    collect_check(tool, out, seed * 977u);
  }
  tool_close(tool, 0);
}

static void arguments_arrive_whole(struct tool *tool)
{
  uint64_t device, random = 88172645463325252ull;
  tool->options.scratch_bytes = 2048;
  tool_open(tool);
  uint64_t *out = tool_words(tool, 4, &device);
  for (int i = 0; i < 100; i++) {
    struct grosr_task task = tool_task(tool, "arguments", device, 0);
    for (uint32_t word = 1; word < GROSR_ARG_WORDS; word++) {
      task.arg[word] = tool_random(&random);
    }
    CHECK_EQ(tool, tool_run(tool, &task), 2048);
    CHECK(tool, memcmp(out, task.arg, sizeof task.arg) == 0);
  }
  tool_close(tool, 0);
}

int main(int argc, char **argv)
{
  static const struct tool_case cases[] = {
      {"lanes_see_each_other", lanes_see_each_other},
      {"collectives_agree_with_the_host", collectives_agree_with_the_host},
      {"arguments_arrive_whole", arguments_arrive_whole},
      {NULL, NULL},
  };
  return tool_main(argc, argv, cases);
}
