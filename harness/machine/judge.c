/* judge.c - see judge.h: the rules on the machine's settings; those on what happened between two
 * looks are in judge_span.c. Next: judge_span.c */
#include "judge.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "judge_span.h"

#define CPU_FOLDER "/sys/devices/system/cpu"

struct hx_reason *hx_reasons_add(struct hx_reasons *reasons, const char *rule, enum hx_grade grade)
{
  static const struct hx_reason empty;
  const size_t at = reasons->count < HX_REASONS_MAX ? reasons->count : HX_REASONS_MAX - 1;
  struct hx_reason *reason = &reasons->reason[at];
  *reason = empty;
  reason->rule = rule;
  reason->grade = grade;
  reasons->count = at + 1;
  return reason;
}

enum hx_grade hx_reasons_grade(const struct hx_reasons *reasons)
{
  enum hx_grade grade = HX_GRADE_A;
  for (size_t i = 0; i < reasons->count; i++)
    grade = reasons->reason[i].grade > grade ? reasons->reason[i].grade : grade;
  return grade;
}

enum hx_grade hx_reasons_grade_mended(const struct hx_reasons *reasons)
{
  enum hx_grade grade = HX_GRADE_A;
  for (size_t i = 0; i < reasons->count; i++) {
    if (reasons->reason[i].undo[0] == '\0' && reasons->reason[i].grade > grade)
      grade = reasons->reason[i].grade;
  }
  return grade;
}

const char *hx_grade_text(enum hx_grade grade)
{
  static const char *const text[HX_GRADE_COUNT] = {"A", "B", "C"};
  return text[grade];
}

json_t *hx_reasons_json(const struct hx_reasons *reasons)
{
  json_t *array = json_array();
  for (size_t i = 0; i < reasons->count; i++) {
    const struct hx_reason *reason = &reasons->reason[i];
    json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s}", "rule", reason->rule, "grade",
                               hx_grade_text(reason->grade), "value", reason->value, "limit",
                               reason->limit, "remedy", reason->remedy);
    if (reason->undo[0] != '\0')
      json_object_set_new(object, "undo", json_string(reason->undo));
    json_array_append_new(array, object);
  }
  return array;
}

/* The clock's governor: any but "performance" chooses the clock by load, so a short interval is
 * measured while the clock still rises. intel_pstate's "powersave" is such a one, too. */
static void judge_governor(const struct hx_look *look, struct hx_reasons *out)
{
  struct hx_reason *reason = NULL;
  if (strcmp(look->governor, "performance") == 0)
    return;
  reason = hx_reasons_add(out, "governor", HX_GRADE_B);
  snprintf(reason->limit, sizeof(reason->limit), "performance on every CPU that we may use");
  if (look->governor[0] == '\0') {
    snprintf(reason->value, sizeof(reason->value), "cannot be seen (no cpufreq here)");
    snprintf(reason->remedy, sizeof(reason->remedy),
             "measure where the clock is ours, or ask who runs the host which governor it has");
    return;
  }
  snprintf(reason->value, sizeof(reason->value), "%s on CPUs %.80s", look->governor, look->cpus);
  snprintf(reason->remedy, sizeof(reason->remedy),
           "sudo cpupower -c %.80s frequency-set -g performance", look->cpus);
  if (strchr(look->governor, ',') == NULL)
    snprintf(reason->undo, sizeof(reason->undo), "sudo cpupower -c %.60s frequency-set -g %.30s",
             look->cpus, look->governor);
  else /* which CPU had which is not kept here, and must be before it is changed */
    snprintf(reason->undo, sizeof(reason->undo),
             "first: grep . " CPU_FOLDER "/cpu*/cpufreq/scaling_governor, and set those again");
}

/* Turbo clocks depend on temperature and on how many cores are busy. */
static void judge_turbo(const struct hx_look *look, struct hx_reasons *out)
{
  const char *file =
      look->turbo_is_intel ? CPU_FOLDER "/intel_pstate/no_turbo" : CPU_FOLDER "/cpufreq/boost";
  if (look->turbo == 0)
    return;
  struct hx_reason *reason = hx_reasons_add(out, "turbo", HX_GRADE_B);
  snprintf(reason->limit, sizeof(reason->limit), "off");
  if (look->turbo < 0) {
    snprintf(reason->value, sizeof(reason->value), "cannot be seen (no intel_pstate, no boost)");
    snprintf(reason->remedy, sizeof(reason->remedy),
             "measure where the clock is ours, or ask who runs the host");
    return;
  }
  snprintf(reason->value, sizeof(reason->value), "on");
  snprintf(reason->remedy, sizeof(reason->remedy), "echo %d | sudo tee %s",
           look->turbo_is_intel ? 1 : 0, file);
  snprintf(reason->undo, sizeof(reason->undo), "echo %d | sudo tee %s",
           look->turbo_is_intel ? 0 : 1, file);
}

/* A core's second thread, whoever runs there, takes from ours. */
static void judge_smt(const struct hx_look *look, struct hx_reasons *out)
{
  if (look->smt <= 0)
    return;
  struct hx_reason *reason = hx_reasons_add(out, "smt", HX_GRADE_B);
  snprintf(reason->value, sizeof(reason->value), "on: two threads share a core");
  snprintf(reason->limit, sizeof(reason->limit), "off");
  snprintf(reason->remedy, sizeof(reason->remedy),
           "echo off | sudo tee " CPU_FOLDER "/smt/control");
  snprintf(reason->undo, sizeof(reason->undo), "echo on | sudo tee " CPU_FOLDER "/smt/control");
}

/* "always" lets the kernel merge pages behind our back, at moments of its own. */
static void judge_hugepages(const struct hx_look *look, struct hx_reasons *out)
{
  static const char file[] = "/sys/kernel/mm/transparent_hugepage/enabled";
  if (strcmp(look->hugepages, "always") != 0)
    return;
  struct hx_reason *reason = hx_reasons_add(out, "hugepages", HX_GRADE_B);
  snprintf(reason->value, sizeof(reason->value), "always");
  snprintf(reason->limit, sizeof(reason->limit), "madvise or never");
  snprintf(reason->remedy, sizeof(reason->remedy), "echo madvise | sudo tee %s", file);
  snprintf(reason->undo, sizeof(reason->undo), "echo always | sudo tee %s", file);
}

/* Claims rest on several processes whose layouts differ; without ASLR they are all one layout. */
static void judge_aslr(const struct hx_look *look, struct hx_reasons *out)
{
  if (!look->aslr_off_here && (look->aslr < 0 || look->aslr == 2))
    return;
  struct hx_reason *reason = hx_reasons_add(out, "aslr", HX_GRADE_B);
  snprintf(reason->limit, sizeof(reason->limit), "full (2), so that processes differ in layout");
  if (look->aslr_off_here) {
    snprintf(reason->value, sizeof(reason->value), "off for this process");
    snprintf(reason->remedy, sizeof(reason->remedy), "start without setarch -R and no debugger");
    return;
  }
  snprintf(reason->value, sizeof(reason->value), "%d", look->aslr);
  snprintf(reason->remedy, sizeof(reason->remedy), "sudo sysctl kernel.randomize_va_space=2");
  snprintf(reason->undo, sizeof(reason->undo), "sudo sysctl kernel.randomize_va_space=%d",
           look->aslr);
}

/* A quota below our CPUs stops the process in the middle of a period, for tens of milliseconds.
 * One that covers them all cannot bind. */
static void judge_quota(const struct hx_look *look, struct hx_reasons *out)
{
  if (look->cgroup.cpus <= 0.0 || look->cgroup.cpus >= look->cpu_count)
    return;
  struct hx_reason *reason = hx_reasons_add(out, "quota", HX_GRADE_B);
  snprintf(reason->value, sizeof(reason->value), "%.2f of %u CPUs by control group (version %d)",
           look->cgroup.cpus, look->cpu_count, look->cgroup.version);
  snprintf(reason->limit, sizeof(reason->limit), "no quota, or one of all our CPUs");
  snprintf(reason->remedy, sizeof(reason->remedy),
           "ask for whole CPUs: docker run --cpuset-cpus instead of --cpus, a Slurm job, or "
           "CPUQuota= of the systemd unit");
}

/* The host's clock, its other guests and its interrupts are not ours to see. */
static void judge_virtual(const struct hx_look *look, struct hx_reasons *out)
{
  if (!look->is_virtual)
    return;
  struct hx_reason *reason = hx_reasons_add(out, "virtual", HX_GRADE_B);
  snprintf(reason->value, sizeof(reason->value), "a virtual machine%s%s",
           look->machine[0] != '\0' ? ": " : "", look->machine);
  snprintf(reason->limit, sizeof(reason->limit), "a machine of our own");
  snprintf(reason->remedy, sizeof(reason->remedy),
           "measure on bare metal, or waive it and show same-against-same beside the result");
}

/* 10 %: below that the kernel begins to reclaim; 2 %: it will during a run. */
static void judge_memory(const struct hx_look *look, struct hx_reasons *out)
{
  if (look->memory_kib == HX_UNSEEN || look->memory_available_kib == HX_UNSEEN ||
      look->memory_available_kib >= look->memory_kib / 10)
    return;
  struct hx_reason *reason = hx_reasons_add(
      out, "memory", look->memory_available_kib < look->memory_kib / 50 ? HX_GRADE_C : HX_GRADE_B);
  snprintf(reason->value, sizeof(reason->value), "%.1f %% of %.1f GiB is available",
           100.0 * (double)look->memory_available_kib / (double)look->memory_kib,
           (double)look->memory_kib / 1048576.0);
  snprintf(reason->limit, sizeof(reason->limit), "10 %% for A, 2 %% for B");
  snprintf(reason->remedy, sizeof(reason->remedy), "end what holds the memory: ps aux --sort=-rss");
}

void hx_judge(const struct hx_look *from, const struct hx_look *to, enum hx_span span,
              struct hx_reasons *out)
{
  judge_governor(to, out);
  judge_turbo(to, out);
  judge_smt(to, out);
  judge_hugepages(to, out);
  judge_aslr(to, out);
  judge_quota(to, out);
  judge_virtual(to, out);
  judge_memory(to, out);
  hx_judge_span(from, to, span, out);
}
