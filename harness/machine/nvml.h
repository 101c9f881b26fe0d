/* nvml.h - what NVIDIA's management library says of the GPUs: settings, clocks, why they are low.
 *
 * libnvidia-ml.so.1 is opened when looked at and closed again, so nothing of it runs while a point
 * does, and the same binary works where there is no GPU. The prototypes are our own, after NVML's
 * documented ABI. A function that a driver lacks, or that a GPU does not support, leaves its fact
 * unseen; nothing is set, ever.
 *
 * Called by environment.c before and after a run on device cuda, and by cmd_doctor.c.
 *
 * Next: judge_gpu.c */
#pragma once
#ifndef HX_PRIVATE
#error "nvml.h is private to harness/: include hx.h"
#endif
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "judge.h"

#define HX_NVML_LIBRARY "libnvidia-ml.so.1"
#define HX_GPUS_MAX     16u

struct hx_gpu {
  char name[96];
  char uuid[96];
  char pci[32];
  char vbios[32];
  int persistence;      /* these four: 1, 0, -1 unseen */
  int ecc, ecc_pending; /* now, and after the next reset */
  int mig;
  int64_t power_mw, power_limit_mw, power_default_mw; /* -1 unseen, as all below */
  int64_t sm_mhz, sm_mhz_max, memory_mhz;
  int64_t temperature_c;
  int64_t busy_percent;
  int64_t others;      /* processes that compute on it, but for this one */
  uint64_t clocks_low; /* NVML's clocks event reasons, or HX_UNSEEN */
};

struct hx_gpus {
  char sentence[256]; /* why there are no facts; "" if there are */
  char driver[80];
  int cuda_version; /* 13000; 0 unseen */
  size_t count;
  struct hx_gpu gpu[HX_GPUS_MAX];
};

/* `library` is HX_NVML_LIBRARY but in tests. */
void hx_gpus_look(struct hx_gpus *gpus, const char *library);
json_t *hx_gpus_json(const struct hx_gpus *gpus);
/* "sw_power_cap|hw_slowdown", "none". `text` of 160 bytes holds all. */
void hx_gpus_clocks_text(uint64_t clocks_low, char *text, size_t text_bytes);

/* Rules on GPUs, in judge_gpu.c. They concern every GPU that NVML shows to this process. */
void hx_judge_gpus(const struct hx_gpus *gpus, enum hx_span span, struct hx_reasons *out);

/* NVML's bits, as documented (nvmlClocksEventReasons). */
enum hx_gpu_clocks {
  HX_GPU_IDLE = 0x1,
  HX_GPU_APPLICATION_CLOCKS = 0x2,
  HX_GPU_SW_POWER_CAP = 0x4,
  HX_GPU_HW_SLOWDOWN = 0x8,
  HX_GPU_SYNC_BOOST = 0x10,
  HX_GPU_SW_THERMAL = 0x20,
  HX_GPU_HW_THERMAL = 0x40,
  HX_GPU_HW_POWER_BRAKE = 0x80,
  HX_GPU_DISPLAY_CLOCKS = 0x100
};
