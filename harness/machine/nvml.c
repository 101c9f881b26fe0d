/* nvml.c - see nvml.h. Next: judge_gpu.c */
#include "nvml.h"

#include <assert.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SUCCESS       0u
#define CLOCK_SM      1u
#define CLOCK_MEMORY  2u
#define SENSOR_GPU    0u
#define PROCESSES_MAX 64u

/* Layouts of NVML 12 and 13, nvml.h of the toolkit: nvmlPciInfo_t, nvmlUtilization_t,
 * nvmlProcessInfo_t (v2 and v3). */
struct pci_info {
  char bus_id_legacy[16];
  unsigned domain, bus, device, pci_device_id, pci_subsystem_id;
  char bus_id[32];
};
struct utilization {
  unsigned gpu, memory;
};
struct process_info {
  unsigned pid;
  unsigned long long used_bytes;
  unsigned gpu_instance, compute_instance;
};
static_assert(sizeof(struct pci_info) == 68, "nvmlPciInfo_t");
static_assert(sizeof(struct process_info) == 24, "nvmlProcessInfo_t");

struct device; /* NVML's own */

/* F(field, symbol, arguments): those without which nothing can be said come first. */
#define REQUIRED 4u
#define FUNCTIONS(F)                                                                               \
  F(init, nvmlInit_v2, (void))                                                                     \
  F(shutdown, nvmlShutdown, (void))                                                                \
  F(count, nvmlDeviceGetCount_v2, (unsigned *count))                                               \
  F(handle, nvmlDeviceGetHandleByIndex_v2, (unsigned index, struct device **device))               \
  F(driver, nvmlSystemGetDriverVersion, (char *text, unsigned bytes))                              \
  F(cuda, nvmlSystemGetCudaDriverVersion_v2, (int *version))                                       \
  F(name, nvmlDeviceGetName, (struct device * device, char *text, unsigned bytes))                 \
  F(uuid, nvmlDeviceGetUUID, (struct device * device, char *text, unsigned bytes))                 \
  F(vbios, nvmlDeviceGetVbiosVersion, (struct device * device, char *text, unsigned bytes))        \
  F(pci, nvmlDeviceGetPciInfo_v3, (struct device * device, struct pci_info * info))                \
  F(persistence, nvmlDeviceGetPersistenceMode, (struct device * device, unsigned *mode))           \
  F(ecc, nvmlDeviceGetEccMode, (struct device * device, unsigned *now, unsigned *pending))         \
  F(mig, nvmlDeviceGetMigMode, (struct device * device, unsigned *now, unsigned *pending))         \
  F(clock, nvmlDeviceGetClockInfo, (struct device * device, unsigned type, unsigned *mhz))         \
  F(clock_max, nvmlDeviceGetMaxClockInfo, (struct device * device, unsigned type, unsigned *mhz))  \
  F(power, nvmlDeviceGetPowerUsage, (struct device * device, unsigned *mw))                        \
  F(limit, nvmlDeviceGetEnforcedPowerLimit, (struct device * device, unsigned *mw))                \
  F(limit_default, nvmlDeviceGetPowerManagementDefaultLimit,                                       \
    (struct device * device, unsigned *mw))                                                        \
  F(temperature, nvmlDeviceGetTemperature,                                                         \
    (struct device * device, unsigned sensor, unsigned *celsius))                                  \
  F(busy, nvmlDeviceGetUtilizationRates, (struct device * device, struct utilization * rates))     \
  F(processes, nvmlDeviceGetComputeRunningProcesses_v3,                                            \
    (struct device * device, unsigned *count, struct process_info *infos))                         \
  F(clocks_low, nvmlDeviceGetCurrentClocksEventReasons,                                            \
    (struct device * device, unsigned long long *reasons))                                         \
  F(clocks_low_before_12, nvmlDeviceGetCurrentClocksThrottleReasons,                               \
    (struct device * device, unsigned long long *reasons))

#define FIELD(field, symbol, arguments) unsigned(*field) arguments;
struct nvml {
  FUNCTIONS(FIELD)
};
#undef FIELD

#define NAME(field, symbol, arguments) #symbol,
static const char *const names[] = {FUNCTIONS(NAME)};
#undef NAME
static_assert(sizeof(struct nvml) == sizeof(names) / sizeof(names[0]) * sizeof(void *),
              "the table is one pointer for each name");

/* False and a sentence: a function is missing without which nothing can be said. */
static bool resolve(struct nvml *nvml, void *library, struct hx_gpus *gpus)
{
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    void *symbol = dlsym(library, names[i]);
    if (symbol == NULL && i < REQUIRED) {
      snprintf(gpus->sentence, sizeof(gpus->sentence),
               "no GPU facts: %s has no %s; update the NVIDIA driver", HX_NVML_LIBRARY, names[i]);
      return false;
    }
    memcpy((char *)nvml + i * sizeof(symbol), &symbol, sizeof(symbol));
  }
  return true;
}

/* An unsigned fact of a device, -1 if unseen. */
static int64_t fact(unsigned (*get)(struct device *, unsigned *), struct device *device)
{
  unsigned value = 0;
  return get != NULL && get(device, &value) == SUCCESS ? (int64_t)value : -1;
}

static int64_t fact_of(unsigned (*get)(struct device *, unsigned, unsigned *),
                       struct device *device, unsigned which)
{
  unsigned value = 0;
  return get != NULL && get(device, which, &value) == SUCCESS ? (int64_t)value : -1;
}

static void text_fact(unsigned (*get)(struct device *, char *, unsigned), struct device *device,
                      char *text, size_t text_bytes)
{
  if (get == NULL || get(device, text, (unsigned)text_bytes) != SUCCESS)
    text[0] = '\0';
}

static int64_t count_others(const struct nvml *nvml, struct device *device)
{
  struct process_info info[PROCESSES_MAX];
  unsigned count = PROCESSES_MAX;
  int64_t others = 0;
  if (nvml->processes == NULL || nvml->processes(device, &count, info) != SUCCESS)
    return -1;
  for (unsigned i = 0; i < count && i < PROCESSES_MAX; i++)
    others += info[i].pid != (unsigned)getpid();
  return others;
}

static void look_at_clocks(const struct nvml *nvml, struct device *device, struct hx_gpu *gpu)
{
  unsigned long long low = 0;
  gpu->sm_mhz = fact_of(nvml->clock, device, CLOCK_SM);
  gpu->sm_mhz_max = fact_of(nvml->clock_max, device, CLOCK_SM);
  gpu->memory_mhz = fact_of(nvml->clock, device, CLOCK_MEMORY);
  gpu->temperature_c = fact_of(nvml->temperature, device, SENSOR_GPU);
  gpu->clocks_low = HX_UNSEEN;
  if ((nvml->clocks_low != NULL && nvml->clocks_low(device, &low) == SUCCESS) ||
      (nvml->clocks_low_before_12 != NULL && nvml->clocks_low_before_12(device, &low) == SUCCESS))
    gpu->clocks_low = low;
}

static void look_at_one(const struct nvml *nvml, struct device *device, struct hx_gpu *gpu)
{
  struct pci_info pci = {0};
  struct utilization rates = {0};
  unsigned now = 0, pending = 0;
  /* First, before our own questions wake it. */
  gpu->busy_percent =
      nvml->busy != NULL && nvml->busy(device, &rates) == SUCCESS ? (int64_t)rates.gpu : -1;
  look_at_clocks(nvml, device, gpu);
  text_fact(nvml->name, device, gpu->name, sizeof(gpu->name));
  text_fact(nvml->uuid, device, gpu->uuid, sizeof(gpu->uuid));
  text_fact(nvml->vbios, device, gpu->vbios, sizeof(gpu->vbios));
  if (nvml->pci != NULL && nvml->pci(device, &pci) == SUCCESS)
    snprintf(gpu->pci, sizeof(gpu->pci), "%.31s", pci.bus_id);
  gpu->persistence = (int)fact(nvml->persistence, device);
  gpu->ecc = gpu->ecc_pending = gpu->mig = -1;
  if (nvml->ecc != NULL && nvml->ecc(device, &now, &pending) == SUCCESS) {
    gpu->ecc = (int)now;
    gpu->ecc_pending = (int)pending;
  }
  if (nvml->mig != NULL && nvml->mig(device, &now, &pending) == SUCCESS)
    gpu->mig = (int)now;
  gpu->power_mw = fact(nvml->power, device);
  gpu->power_limit_mw = fact(nvml->limit, device);
  gpu->power_default_mw = fact(nvml->limit_default, device);
  gpu->others = count_others(nvml, device);
}

static void look_at_all(const struct nvml *nvml, struct hx_gpus *gpus)
{
  unsigned count = 0;
  if (nvml->driver == NULL || nvml->driver(gpus->driver, sizeof(gpus->driver)) != SUCCESS)
    gpus->driver[0] = '\0';
  if (nvml->cuda == NULL || nvml->cuda(&gpus->cuda_version) != SUCCESS)
    gpus->cuda_version = 0;
  const unsigned result = nvml->count(&count);
  if (result != SUCCESS || count == 0)
    snprintf(gpus->sentence, sizeof(gpus->sentence),
             "no GPU facts: the driver shows no GPU (NVML result %u); see nvidia-smi -L", result);
  for (unsigned i = 0; i < count && gpus->count < HX_GPUS_MAX; i++) {
    struct device *device = NULL;
    if (nvml->handle(i, &device) == SUCCESS)
      look_at_one(nvml, device, &gpus->gpu[gpus->count++]);
  }
}

void hx_gpus_look(struct hx_gpus *gpus, const char *library)
{
  struct nvml nvml;
  *gpus = (struct hx_gpus){0};
  void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (handle == NULL) {
    snprintf(gpus->sentence, sizeof(gpus->sentence),
             "no GPU facts: there is no %s here; it comes with the NVIDIA driver", library);
    return;
  }
  if (resolve(&nvml, handle, gpus)) {
    const unsigned result = nvml.init();
    if (result == SUCCESS) {
      look_at_all(&nvml, gpus);
      nvml.shutdown();
    } else {
      snprintf(gpus->sentence, sizeof(gpus->sentence),
               "no GPU facts: nvmlInit_v2 answers %u; is the NVIDIA driver loaded? see nvidia-smi",
               result);
    }
  }
  dlclose(handle);
}
