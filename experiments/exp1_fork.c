/* exp1_fork.c - see exp1_fork.h: the loop that times every forker, and GROSR's: grosr_fork_join.
 *
 * One team runs the whole tree: op split of exp1_image.c. The time is the device's,
 * from the start of the root to that of what comes after it. Next: exp1_fork_openmp.c */
#include "exp1_fork.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "exp1_chain.h"
#include "exp1_grosr.h"

#define WARM_LEAVES 1000u
#define WARM_TREES  3u

int exp1_tree_of(struct hx_point *point, struct exp1_tree *out)
{
  out->leaves = hx_factor_u64(point, "leaves");
  out->fan = hx_factor_u64(point, "fan");
  out->salt = hx_seed(point);
  if (out->leaves < 1u || out->leaves > EXP1_TASKS_MAX || out->fan < 2u ||
      out->fan > EXP1_FAN_MAX) {
    return hx_unmet(point, "leaves must be 1 to %u, fan 2 to %u", EXP1_TASKS_MAX, EXP1_FAN_MAX);
  }
  return 0;
}

/* ns of one tree, checked; 0: the point has its reason. */
static uint64_t time_tree(struct hx_point *point, const struct exp1_forker *forker,
                          struct exp1_tree *tree)
{
  uint64_t ns = 0;
  tree->salt++;
  const uint64_t begin_ns = exp_now_ns();
  const int result = forker->fork(forker->state, tree, &ns);
  const uint64_t end_ns = exp_now_ns();
  if (result < 0) {
    hx_fail(point, "fork: %s. %s", strerror(-result), grosr_last_error());
    return 0;
  }
  if (exp1_check(point, forker->out, tree->leaves, tree->salt) < 0) {
    return 0;
  }
  ns = ns != 0u ? ns : end_ns - begin_ns;
  return ns != 0u ? ns : 1u;
}

int exp1_fork_measure(struct hx_point *point, const struct exp1_forker *forker)
{
  struct exp1_tree tree;
  int result = exp1_tree_of(point, &tree);
  if (result < 0) {
    return result;
  }
  const uint64_t leaves = tree.leaves;
  const uint64_t most = exp_warm_up(WARM_LEAVES);
  tree.leaves = leaves < most ? leaves : most;
  double best_ns = INFINITY; /* a leaf, of the least disturbed tree, its check included */
  for (uint32_t i = 0; i < WARM_TREES; i++) {
    const uint64_t begin_ns = hx_now_ns();
    if (time_tree(point, forker, &tree) == 0u) {
      return -EBADMSG;
    }
    const double each_ns = (double)(hx_now_ns() - begin_ns) / (double)tree.leaves;
    best_ns = each_ns < best_ns ? each_ns : best_ns;
  }
  if (exp1_is_too_long(point, leaves, best_ns)) {
    return -ENOTSUP;
  }
  tree.leaves = leaves;
  uint64_t ns = time_tree(point, forker, &tree);
  while (ns != 0u && hx_more(point, "leaves_per_s")) {
    ns = time_tree(point, forker, &tree);
    if (ns != 0u) {
      hx_sample(point, "leaves_per_s", (double)leaves * 1e9 / (double)ns);
    }
  }
  const uint64_t alone = forker->alone != NULL ? forker->alone(forker->state) : 0u;
  hx_note(point, "leaves_by_tasks", "%" PRIu64 " of %" PRIu64, leaves - alone, leaves);
  return ns == 0u ? -EBADMSG : 0;
}

/* ---- grosr_fork_join ---- */
struct team {
  struct exp1_grosr run;
  uint32_t root;
};

static int team_fork(void *state, const struct exp1_tree *tree, uint64_t *ns)
{
  struct team *team = state;
  const uint64_t *words = team->run.words;
  struct grosr_task task = {
      .op = team->root,
      .arg = {team->run.device, EXP1_PACK(0, tree->leaves), tree->salt, EXP1_PACK(tree->fan, 1)}};
  grosr_ticket ticket;
  int32_t answer = 0;
  team->run.words[EXP1_RECORD_ALONE] = 0;
  int result = grosr_submit(team->run.g, &task, &ticket);
  if (result == 0) {
    result = grosr_wait(team->run.g, ticket, EXP1_WAIT_NS, &answer);
  }
  *ns = words[EXP1_RECORD_END] - words[EXP1_RECORD_BEGIN];
  return result < 0 ? result : answer;
}

static uint64_t team_alone(void *state)
{
  const struct team *team = state;
  return team->run.words[EXP1_RECORD_ALONE];
}

int exp1_run_grosr_fork_join(struct hx_point *point)
{
  struct team team;
  struct exp1_tree tree;
  int result = exp1_tree_of(point, &tree);
  if (result < 0) {
    return result;
  }
  const struct exp1_grosr_want want = {
      .words = tree.leaves + EXP1_RECORD_OUT, .scratch_bytes = EXP1_SCRATCH_BYTES, .teams = 1};
  result = exp1_grosr_open(&team.run, point, &want);
  if (result < 0) {
    return result;
  }
  if (grosr_op(team.run.g, "split", &team.root) < 0) {
    return exp1_grosr_close(&team.run, exp1_grosr_fail(&team.run, "op"));
  }
  const struct exp1_forker forker = {.fork = team_fork,
                                     .alone = team_alone,
                                     .state = &team,
                                     .out = team.run.words + EXP1_RECORD_OUT};
  return exp1_grosr_close(&team.run, exp1_fork_measure(point, &forker));
}
