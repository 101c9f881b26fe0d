/* test_nvml.c - GPU facts and rules, on a fake libnvidia-ml. Next: test_environment.c */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "nvml.h"

static struct hx_gpus gpus;
static struct hx_reasons reasons;

static void look(enum hx_span span)
{
  const char *library = getenv("HX_TEST_NVML");
  cr_assert_not_null(library, "HX_TEST_NVML is not set; run this test through meson");
  reasons.count = 0;
  hx_gpus_look(&gpus, library);
  hx_judge_gpus(&gpus, span, &reasons);
}

static const struct hx_reason *only(const char *rule, enum hx_grade grade)
{
  cr_assert_eq(reasons.count, 1, "%zu reasons, not only %s", reasons.count, rule);
  cr_assert_str_eq(reasons.reason[0].rule, rule);
  cr_assert_eq(reasons.reason[0].grade, grade);
  return &reasons.reason[0];
}

Test(nvml, a_quiet_gpu_gives_facts_and_no_reason)
{
  look(HX_SPAN_BEFORE);
  cr_assert_str_eq(gpus.sentence, "");
  cr_assert_eq(reasons.count, 0);
  cr_assert_eq(gpus.count, 1);
  cr_assert_str_eq(gpus.driver, "580.82.07");
  json_t *json = hx_gpus_json(&gpus);
  char *text = json_dumps(json_array_get(json_object_get(json, "gpus"), 0), JSON_COMPACT);
  cr_assert_str_eq(text, "{\"name\":\"NVIDIA Fake 0\",\"uuid\":\"GPU-fake-0\","
                         "\"pci\":\"00000000:01:00.0\",\"persistence\":1,\"ecc\":1,"
                         "\"ecc_pending\":1,\"mig\":0,\"power_mw\":76500,"
                         "\"power_limit_mw\":700000,\"power_default_mw\":700000,\"sm_mhz\":345,"
                         "\"sm_mhz_max\":1980,\"memory_mhz\":3201,\"busy_percent\":0,"
                         "\"other_processes\":0,\"clocks_event_reasons\":\"idle\"}");
  free(text);
  json_decref(json);
}

Test(nvml, no_library_is_one_sentence_and_grade_b)
{
  hx_gpus_look(&gpus, "libno-such-thing.so.1");
  cr_assert_eq(gpus.count, 0);
  cr_assert_not_null(strstr(gpus.sentence, "there is no libno-such-thing.so.1 here"));
  hx_judge_gpus(&gpus, HX_SPAN_BEFORE, &reasons);
  cr_assert_not_null(strstr(only("gpu", HX_GRADE_B)->remedy, "NVIDIA_DRIVER_CAPABILITIES"));
}

Test(nvml, a_driver_that_is_not_loaded_and_one_without_gpus_are_sentences)
{
  setenv("FAKE_NVML_INIT", "9", 1);
  look(HX_SPAN_BEFORE);
  cr_assert_not_null(strstr(gpus.sentence, "nvmlInit_v2 answers 9"));
  setenv("FAKE_NVML_INIT", "0", 1);
  setenv("FAKE_NVML_GPUS", "0", 1);
  look(HX_SPAN_BEFORE);
  cr_assert_not_null(strstr(gpus.sentence, "shows no GPU"));
}

Test(nvml, heat_and_brakes_are_grade_c_and_a_power_cap_is_b)
{
  static const char *const grave[] = {"8", "20", "40", "80", "84"};
  for (size_t i = 0; i < sizeof(grave) / sizeof(grave[0]); i++) {
    setenv("FAKE_NVML_REASONS", grave[i], 1);
    look(HX_SPAN_RUN);
    only("gpu_clocks", HX_GRADE_C);
  }
  cr_assert_str_eq(reasons.reason[0].value, "gpu 0: sw_power_cap|hw_power_brake");
  setenv("FAKE_NVML_REASONS", "4", 1);
  look(HX_SPAN_RUN);
  only("gpu_clocks", HX_GRADE_B);
  setenv("FAKE_NVML_REASONS", "3", 1);
  look(HX_SPAN_RUN);
  cr_assert_eq(reasons.count, 0, "idle and clocks that somebody chose are no fault");
}

Test(nvml, modes_have_rules_and_commands_that_undo)
{
  setenv("FAKE_NVML_MODES", "0110", 1);
  look(HX_SPAN_BEFORE);
  cr_assert_str_eq(only("gpu_persistence", HX_GRADE_B)->undo, "sudo nvidia-smi -i 0 -pm 0");
  cr_assert_eq(hx_reasons_grade_mended(&reasons), HX_GRADE_A);
  setenv("FAKE_NVML_MODES", "1111", 1);
  look(HX_SPAN_BEFORE);
  only("gpu_mig", HX_GRADE_B);
  setenv("FAKE_NVML_MODES", "1100", 1);
  look(HX_SPAN_BEFORE);
  cr_assert_str_eq(only("gpu_ecc", HX_GRADE_B)->value, "gpu 0: ECC is on, and will be off");
  setenv("FAKE_NVML_MODES", "1110", 1);
  setenv("FAKE_NVML_LIMIT", "500", 1);
  look(HX_SPAN_BEFORE);
  cr_assert_str_eq(only("gpu_power", HX_GRADE_B)->remedy, "sudo nvidia-smi -i 0 -pl 700");
}

Test(nvml, others_on_the_gpu_count_before_and_not_after)
{
  setenv("FAKE_NVML_OTHERS", "2", 1);
  setenv("FAKE_NVML_GPUS", "2", 1);
  look(HX_SPAN_BEFORE);
  cr_assert_eq(reasons.count, 2, "each GPU is judged");
  cr_assert_str_eq(reasons.reason[1].value, "gpu 1: 2 other processes");
  cr_assert_eq(hx_reasons_grade(&reasons), HX_GRADE_C);
  look(HX_SPAN_RUN);
  cr_assert_eq(reasons.count, 0);
}
