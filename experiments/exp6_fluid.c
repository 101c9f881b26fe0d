/* exp6_fluid.c - see exp6_fluid.h. Next: exp6_image.c */
#include "exp6_fluid.h"

#include <stdlib.h>

struct ran {
  const struct exp6_job *job;
  uint32_t tenant;
};

/* ns of work. */
struct account {
  double had;
  double fluid;   /* what the fluid gave it */
  double arrived; /* what it had wanted so far */
  size_t seen;    /* jobs that have arrived */
};

static int by_end(const void *a, const void *b)
{
  const struct ran *one = a, *other = b;
  return (one->job->end_ns > other->job->end_ns) - (one->job->end_ns < other->job->end_ns);
}

static int by_value(const void *a, const void *b)
{
  const double one = *(const double *)a, other = *(const double *)b;
  return (one > other) - (one < other);
}

static double took_ns(const struct exp6_job *job)
{
  return (double)(job->end_ns - job->start_ns);
}

/* All jobs that ran, by their end; NULL: no memory. */
static struct ran *all_ran(const struct exp6 *exp, size_t *count)
{
  *count = 0;
  for (uint32_t i = 0; i < exp->tenants; i++) {
    *count += exp->tenant[i].sent;
  }
  struct ran *ran = malloc((*count + 1u) * sizeof(*ran));
  size_t next = 0;
  for (uint32_t i = 0; i < exp->tenants && ran != NULL; i++) {
    for (size_t k = 0; k < exp->tenant[i].sent; k++) {
      ran[next++] = (struct ran){&exp->tenant[i].job[k], i};
    }
  }
  if (ran != NULL) {
    qsort(ran, *count, sizeof(*ran), by_end);
  }
  return ran;
}

/* When the first tenant began its last job. */
static uint64_t saturated_until_ns(const struct exp6 *exp)
{
  uint64_t until_ns = UINT64_MAX;
  for (uint32_t i = 0; i < exp->tenants; i++) {
    const struct exp6_tenant *tenant = &exp->tenant[i];
    uint64_t last_ns = 0;
    for (size_t k = 0; k < tenant->sent; k++) {
      last_ns = tenant->job[k].start_ns > last_ns ? tenant->job[k].start_ns : last_ns;
    }
    until_ns = last_ns < until_ns ? last_ns : until_ns;
  }
  return until_ns;
}

/* Whether the fluid has nothing left of some tenant, and nothing more is to come. */
static bool is_drained(const struct exp6 *exp, const struct account *account)
{
  for (uint32_t i = 0; i < exp->tenants; i++) {
    if (account[i].seen == exp->tenant[i].sent && account[i].arrived - account[i].fluid <= 1e-3) {
      return true;
    }
  }
  return false;
}

/* Divides `work` among the tenants that have some in the fluid. */
static void pour(const struct exp6 *exp, struct account *account, double work)
{
  double weights = 1.0;
  while (work > 1e-3 && weights > 0.0) {
    double left = 0.0;
    weights = 0.0;
    for (uint32_t i = 0; i < exp->tenants; i++) {
      weights += account[i].arrived - account[i].fluid > 1e-3 ? exp->tenant[i].weight : 0.0;
    }
    for (uint32_t i = 0; i < exp->tenants && weights > 0.0; i++) {
      const double room = account[i].arrived - account[i].fluid;
      const double part = work * exp->tenant[i].weight / weights;
      if (room > 1e-3) {
        account[i].fluid += part < room ? part : room;
        left += part < room ? 0.0 : part - room;
      }
    }
    work = left;
  }
}

static void arrive(const struct exp6_tenant *tenant, struct account *account, uint64_t until_ns)
{
  while (account->seen < tenant->sent && tenant->job[account->seen].due_ns <= until_ns) {
    account->arrived += took_ns(&tenant->job[account->seen++]);
  }
}

static void judge(const struct exp6 *exp, const struct account *account, struct exp6_shares *shares)
{
  double sum = 0.0, squares = 0.0, count = 0.0;
  shares->share_error_pct = 0.0;
  for (uint32_t i = 0; i < exp->tenants; i++) {
    if (account[i].fluid > 0.0) {
      const double x = account[i].had / account[i].fluid;
      const double error_pct = 100.0 * (x > 1.0 ? x - 1.0 : 1.0 - x);
      sum += x;
      squares += x * x;
      count += 1.0;
      shares->share_error_pct =
          error_pct > shares->share_error_pct ? error_pct : shares->share_error_pct;
    }
  }
  shares->jain_index = squares > 0.0 ? sum * sum / (count * squares) : 1.0;
}

int exp6_shares(const struct exp6 *exp, struct exp6_shares *shares)
{
  struct account account[EXP6_TENANTS_MAX] = {{0}};
  uint64_t until_ns = saturated_until_ns(exp);
  size_t count;
  struct ran *ran = all_ran(exp, &count);
  *shares = (struct exp6_shares){0};
  if (ran == NULL || count == 0) {
    free(ran);
    return hx_fail(exp->point, "no memory for %zu jobs, or none", count);
  }
  for (size_t k = 0; k < count; k++) {
    const struct exp6_job *job = ran[k].job;
    shares->mean_completion_ns += (double)(job->end_ns - job->due_ns) / (double)count;
    shares->longest_ns = took_ns(job) > shares->longest_ns ? took_ns(job) : shares->longest_ns;
    if (job->end_ns > until_ns) {
      continue;
    }
    account[ran[k].tenant].had += took_ns(job);
    for (uint32_t i = 0; i < exp->tenants; i++) {
      arrive(&exp->tenant[i], &account[i], job->end_ns);
    }
    pour(exp, account, took_ns(job));
    until_ns = is_drained(exp, account) ? 0u : until_ns;
    for (uint32_t i = 0; i < exp->tenants; i++) {
      const double lag_ns = account[i].fluid - account[i].had;
      shares->max_lag_ns = lag_ns > shares->max_lag_ns ? lag_ns : shares->max_lag_ns;
    }
  }
  judge(exp, account, shares);
  free(ran);
  return 0;
}

int exp6_high(const struct exp6 *exp, struct exp6_high *high)
{
  const struct exp6_tenant *tenant = &exp->tenant[0];
  double *late_ns = malloc((tenant->sent + 1u) * sizeof(*late_ns));
  *high = (struct exp6_high){0};
  if (late_ns == NULL || tenant->sent == 0) {
    free(late_ns);
    return hx_fail(exp->point, "no memory, or no job of high priority");
  }
  for (size_t k = 0; k < tenant->sent; k++) {
    late_ns[k] = (double)(tenant->job[k].end_ns - tenant->job[k].due_ns);
  }
  qsort(late_ns, tenant->sent, sizeof(*late_ns), by_value);
  high->p99_ns = late_ns[(tenant->sent * 99u + 99u) / 100u - 1u];
  free(late_ns);
  for (uint32_t i = 1; i < exp->tenants; i++) {
    size_t first = 0; /* of tenant 0's jobs, which begin in their order, that may wait */
    for (size_t k = 0; k < exp->tenant[i].sent; k++) {
      const struct exp6_job *job = &exp->tenant[i].job[k];
      while (first < tenant->sent && tenant->job[first].start_ns <= job->start_ns) {
        first++;
      }
      high->inversions += first < tenant->sent && tenant->job[first].sent_ns < job->start_ns;
      high->longest_ns = took_ns(job) > high->longest_ns ? took_ns(job) : high->longest_ns;
    }
  }
  return 0;
}
