/* judge_gpu.c - see nvml.h: the rules on GPUs, and their facts as JSON.
 *
 * Why a clock is low is asked before and after the run, not during it: the question itself costs
 * the driver time. What began and ended in between is not seen.
 *
 * Next: environment.h */
#include <stdio.h>
#include <string.h>

#include "nvml.h"

#define BUSY_PERCENT_A 5 /* what a display or a monitor needs */

static const struct {
  unsigned bit;
  const char *name;
} clocks[] = {{HX_GPU_IDLE, "idle"},
              {HX_GPU_APPLICATION_CLOCKS, "application_clocks"},
              {HX_GPU_SW_POWER_CAP, "sw_power_cap"},
              {HX_GPU_HW_SLOWDOWN, "hw_slowdown"},
              {HX_GPU_SYNC_BOOST, "sync_boost"},
              {HX_GPU_SW_THERMAL, "sw_thermal"},
              {HX_GPU_HW_THERMAL, "hw_thermal"},
              {HX_GPU_HW_POWER_BRAKE, "hw_power_brake"},
              {HX_GPU_DISPLAY_CLOCKS, "display_clocks"}};

void hx_gpus_clocks_text(uint64_t clocks_low, char *text, size_t text_bytes)
{
  size_t used = 0;
  snprintf(text, text_bytes, "none");
  for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]) && used < text_bytes; i++) {
    if ((clocks_low & clocks[i].bit) != 0)
      used += (size_t)snprintf(text + used, text_bytes - used, "%s%s", used > 0 ? "|" : "",
                               clocks[i].name);
  }
}

static struct hx_reason *add(struct hx_reasons *out, const char *rule, enum hx_grade grade,
                             const char *limit)
{
  struct hx_reason *reason = hx_reasons_add(out, rule, grade);
  snprintf(reason->limit, sizeof(reason->limit), "%s", limit);
  return reason;
}

/* Heat and the power supply: the clock was not what the machine is sold with. A power cap is how
 * these GPUs work under full load, and so the lesser fault. */
static void judge_clocks(const struct hx_gpu *gpu, unsigned index, struct hx_reasons *out)
{
  const uint64_t grave =
      HX_GPU_HW_SLOWDOWN | HX_GPU_SW_THERMAL | HX_GPU_HW_THERMAL | HX_GPU_HW_POWER_BRAKE;
  const uint64_t light = HX_GPU_SW_POWER_CAP | HX_GPU_SYNC_BOOST;
  char text[160];
  if (gpu->clocks_low == HX_UNSEEN || (gpu->clocks_low & (grave | light)) == 0)
    return;
  const bool is_grave = (gpu->clocks_low & grave) != 0;
  struct hx_reason *reason =
      add(out, "gpu_clocks", is_grave ? HX_GRADE_C : HX_GRADE_B,
          "no slowdown, heat or power brake for B; no power cap, no sync boost for A");
  hx_gpus_clocks_text(gpu->clocks_low, text, sizeof(text));
  snprintf(reason->value, sizeof(reason->value), "gpu %u: %.150s", index, text);
  snprintf(reason->remedy, sizeof(reason->remedy), "%s",
           is_grave ? "let it cool; see nvidia-smi -q -d PERFORMANCE,TEMPERATURE,POWER"
                    : "lock a clock that it can hold: sudo nvidia-smi --lock-gpu-clocks=MHZ "
                      "(undo: --reset-gpu-clocks)");
}

static void judge_modes(const struct hx_gpu *gpu, unsigned index, struct hx_reasons *out)
{
  struct hx_reason *reason = NULL;
  if (gpu->persistence == 0) { /* else the driver unloads between two processes */
    reason = add(out, "gpu_persistence", HX_GRADE_B, "on, so that each process starts alike");
    snprintf(reason->value, sizeof(reason->value), "gpu %u: off", index);
    snprintf(reason->remedy, sizeof(reason->remedy), "sudo nvidia-smi -i %u -pm 1", index);
    snprintf(reason->undo, sizeof(reason->undo), "sudo nvidia-smi -i %u -pm 0", index);
  }
  if (gpu->mig == 1) {
    reason = add(out, "gpu_mig", HX_GRADE_B, "off: a slice shares memory paths and power");
    snprintf(reason->value, sizeof(reason->value), "gpu %u: on", index);
    snprintf(reason->remedy, sizeof(reason->remedy),
             "name the slice in the result, or ask for a whole GPU (nvidia-smi -mig 0 resets it)");
  }
  if (gpu->ecc >= 0 && gpu->ecc != gpu->ecc_pending) {
    reason = add(out, "gpu_ecc", HX_GRADE_B, "the same now and after the next reset");
    snprintf(reason->value, sizeof(reason->value), "gpu %u: ECC is %s, and will be %s", index,
             gpu->ecc ? "on" : "off", gpu->ecc_pending ? "on" : "off");
    snprintf(reason->remedy, sizeof(reason->remedy), "restart the machine once, then measure");
  }
  if (gpu->power_limit_mw > 0 && gpu->power_default_mw > 0 &&
      gpu->power_limit_mw < gpu->power_default_mw) {
    reason = add(out, "gpu_power", HX_GRADE_B, "the board's default power limit");
    snprintf(reason->value, sizeof(reason->value), "gpu %u: %.0f W of %.0f W", index,
             (double)gpu->power_limit_mw * 1e-3, (double)gpu->power_default_mw * 1e-3);
    snprintf(reason->remedy, sizeof(reason->remedy), "sudo nvidia-smi -i %u -pl %.0f", index,
             (double)gpu->power_default_mw * 1e-3);
    snprintf(reason->undo, sizeof(reason->undo), "sudo nvidia-smi -i %u -pl %.0f", index,
             (double)gpu->power_limit_mw * 1e-3);
  }
}

static void judge_crowd(const struct hx_gpu *gpu, unsigned index, struct hx_reasons *out)
{
  static const char who[] = "see who it is with nvidia-smi; wait, or take another GPU";
  struct hx_reason *reason = NULL;
  if (gpu->others > 0) {
    reason = add(out, "gpu_others", HX_GRADE_C, "no other process computes on it");
    snprintf(reason->value, sizeof(reason->value), "gpu %u: %lld other processes", index,
             (long long)gpu->others);
    snprintf(reason->remedy, sizeof(reason->remedy), "%s", who);
  }
  if (gpu->busy_percent > BUSY_PERCENT_A) {
    reason = add(out, "gpu_busy", HX_GRADE_B, "at most 5 % before we begin");
    snprintf(reason->value, sizeof(reason->value), "gpu %u: %lld %% busy", index,
             (long long)gpu->busy_percent);
    snprintf(reason->remedy, sizeof(reason->remedy), "%s", who);
  }
}

void hx_judge_gpus(const struct hx_gpus *gpus, enum hx_span span, struct hx_reasons *out)
{
  if (gpus->count == 0) {
    struct hx_reason *reason =
        add(out, "gpu", HX_GRADE_B, "clocks, power and modes of the GPU are known");
    snprintf(reason->value, sizeof(reason->value), "%.190s", gpus->sentence);
    snprintf(reason->remedy, sizeof(reason->remedy),
             "make " HX_NVML_LIBRARY " visible here (in containers: NVIDIA_DRIVER_CAPABILITIES="
             "compute,utility)");
  }
  for (size_t i = 0; i < gpus->count; i++) {
    judge_clocks(&gpus->gpu[i], (unsigned)i, out);
    judge_modes(&gpus->gpu[i], (unsigned)i, out);
    if (span == HX_SPAN_BEFORE) /* later the GPU is busy with us */
      judge_crowd(&gpus->gpu[i], (unsigned)i, out);
  }
}

static void set_text(json_t *object, const char *key, const char *text)
{
  if (text[0] != '\0')
    json_object_set_new(object, key, json_string(text));
}

static void set_number(json_t *object, const char *key, int64_t value)
{
  if (value >= 0)
    json_object_set_new(object, key, json_integer((json_int_t)value));
}

static json_t *gpu_json(const struct hx_gpu *gpu)
{
  json_t *object = json_object();
  char text[160];
  set_text(object, "name", gpu->name);
  set_text(object, "uuid", gpu->uuid);
  set_text(object, "pci", gpu->pci);
  set_text(object, "vbios", gpu->vbios);
  set_number(object, "persistence", gpu->persistence);
  set_number(object, "ecc", gpu->ecc);
  set_number(object, "ecc_pending", gpu->ecc_pending);
  set_number(object, "mig", gpu->mig);
  set_number(object, "power_mw", gpu->power_mw);
  set_number(object, "power_limit_mw", gpu->power_limit_mw);
  set_number(object, "power_default_mw", gpu->power_default_mw);
  set_number(object, "sm_mhz", gpu->sm_mhz);
  set_number(object, "sm_mhz_max", gpu->sm_mhz_max);
  set_number(object, "memory_mhz", gpu->memory_mhz);
  set_number(object, "temperature_c", gpu->temperature_c);
  set_number(object, "busy_percent", gpu->busy_percent);
  set_number(object, "other_processes", gpu->others);
  if (gpu->clocks_low != HX_UNSEEN) {
    hx_gpus_clocks_text(gpu->clocks_low, text, sizeof(text));
    set_text(object, "clocks_event_reasons", text);
  }
  return object;
}

json_t *hx_gpus_json(const struct hx_gpus *gpus)
{
  json_t *object = json_object();
  json_t *array = json_array();
  set_text(object, "missing", gpus->sentence);
  set_text(object, "driver", gpus->driver);
  if (gpus->cuda_version > 0)
    set_number(object, "cuda_version", gpus->cuda_version);
  for (size_t i = 0; i < gpus->count; i++)
    json_array_append_new(array, gpu_json(&gpus->gpu[i]));
  json_object_set_new(object, "gpus", array);
  return object;
}
