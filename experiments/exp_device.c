/* exp_device.c - see exp_device.h. Next: exp_device_sim.c */
#include "exp_device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <grosr/grosr.h>

#include "host/cuda_driver.h"

/* The processor's name for people, as the kernel has it. */
static void describe_cpu(char *sentence, size_t sentence_bytes)
{
  char line[256];
  char name[200] = "CPU";
  FILE *file = fopen("/proc/cpuinfo", "r");
  while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
    if (strncmp(line, "model name", 10) == 0 && sscanf(line, "%*[^:]: %199[^\n]", name) == 1) {
      break;
    }
  }
  if (file != NULL) {
    fclose(file);
  }
  snprintf(sentence, sentence_bytes, "%s, %u cores usable", name, hx_core_count());
}

static void describe_gpu(const char *device, char *sentence, size_t sentence_bytes)
{
  const struct gr_cuda_driver *cuda = NULL;
  const char *colon = strchr(device, ':');
  char name[128] = "GPU";
  int handle = 0;
  int version = 0;
  if (gr_cuda_driver_open(&cuda) == 0 &&
      cuda->DeviceGet(&handle, colon == NULL ? 0 : atoi(colon + 1)) == GR_CU_SUCCESS) {
    cuda->DeviceGetName(name, (int)sizeof(name), handle);
    cuda->DriverGetVersion(&version);
  }
  snprintf(sentence, sentence_bytes, "%s, driver for CUDA %d.%d", name, version / 1000,
           version % 1000 / 10);
}

static int probe(const char *device, char *sentence, size_t sentence_bytes)
{
  const int result = grosr_device_probe(device);
  if (result < 0) {
    snprintf(sentence, sentence_bytes, "%s", grosr_last_error());
  } else if (strncmp(device, "cuda", 4) == 0) {
    describe_gpu(device, sentence, sentence_bytes);
  } else {
    describe_cpu(sentence, sentence_bytes);
  }
  return result;
}

int exp_main(int argc, char **argv, const struct hx_experiment *table)
{
  struct hx_experiment experiment = *table;
  experiment.device_probe = probe;
  return hx_main(argc, argv, &experiment);
}

uint64_t exp_now_ns(void)
{
  return hx_now_ns();
}

uint64_t exp_warm_up(uint64_t count)
{
  return count;
}

unsigned exp_multiprocessors(const char *device)
{
  const struct gr_cuda_driver *cuda = NULL;
  const char *colon = strchr(device, ':');
  int handle = 0, count = 0;
  if (strncmp(device, "cuda", 4) == 0 && gr_cuda_driver_open(&cuda) == 0 &&
      cuda->DeviceGet(&handle, colon == NULL ? 0 : atoi(colon + 1)) == GR_CU_SUCCESS) {
    cuda->DeviceGetAttribute(&count, GR_CU_ATTRIBUTE_MULTIPROCESSOR_COUNT, handle);
  }
  return (unsigned)count;
}
