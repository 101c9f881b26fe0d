/* fake_nvml.c - a stand-in for libnvidia-ml.so.1: one or two GPUs as the environment tells.
 *
 *   FAKE_NVML_INIT      what nvmlInit_v2 answers (default 0)
 *   FAKE_NVML_GPUS      how many (default 1)
 *   FAKE_NVML_REASONS   clocks event reasons, hexadecimal (default 1: idle)
 *   FAKE_NVML_MODES     four digits: persistence, ECC now, ECC pending, MIG (default 1110)
 *   FAKE_NVML_OTHERS    processes of others on it (default 0)
 *   FAKE_NVML_LIMIT     the enforced power limit in W; the default limit is 700
 * Not there at all: vbios and temperature, as of a GPU or a driver that lacks them.
 * Next: test_nvml.c */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct device {
  unsigned index;
};
struct pci_info {
  char rest[36];
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

unsigned nvmlInit_v2(void);
unsigned nvmlShutdown(void);
unsigned nvmlDeviceGetCount_v2(unsigned *count);
unsigned nvmlDeviceGetHandleByIndex_v2(unsigned index, struct device **device);
unsigned nvmlSystemGetDriverVersion(char *text, unsigned bytes);
unsigned nvmlSystemGetCudaDriverVersion_v2(int *version);
unsigned nvmlDeviceGetName(struct device *device, char *text, unsigned bytes);
unsigned nvmlDeviceGetUUID(struct device *device, char *text, unsigned bytes);
unsigned nvmlDeviceGetPciInfo_v3(struct device *device, struct pci_info *info);
unsigned nvmlDeviceGetPersistenceMode(struct device *device, unsigned *mode);
unsigned nvmlDeviceGetEccMode(struct device *device, unsigned *now, unsigned *pending);
unsigned nvmlDeviceGetMigMode(struct device *device, unsigned *now, unsigned *pending);
unsigned nvmlDeviceGetClockInfo(struct device *device, unsigned type, unsigned *mhz);
unsigned nvmlDeviceGetMaxClockInfo(struct device *device, unsigned type, unsigned *mhz);
unsigned nvmlDeviceGetPowerUsage(struct device *device, unsigned *mw);
unsigned nvmlDeviceGetEnforcedPowerLimit(struct device *device, unsigned *mw);
unsigned nvmlDeviceGetPowerManagementDefaultLimit(struct device *device, unsigned *mw);
unsigned nvmlDeviceGetUtilizationRates(struct device *device, struct utilization *rates);
unsigned nvmlDeviceGetComputeRunningProcesses_v3(struct device *device, unsigned *count,
                                                 struct process_info *infos);
unsigned nvmlDeviceGetCurrentClocksThrottleReasons(struct device *device,
                                                   unsigned long long *reasons);

static struct device devices[2] = {{0}, {1}};

static unsigned number(const char *name, unsigned otherwise, int base)
{
  const char *text = getenv(name);
  return text != NULL ? (unsigned)strtoul(text, NULL, base) : otherwise;
}

static unsigned mode(unsigned at)
{
  const char *text = getenv("FAKE_NVML_MODES");
  return (unsigned)((text != NULL ? text : "1110")[at] - '0');
}

unsigned nvmlInit_v2(void)
{
  return number("FAKE_NVML_INIT", 0, 10);
}

unsigned nvmlShutdown(void)
{
  return 0;
}

unsigned nvmlDeviceGetCount_v2(unsigned *count)
{
  *count = number("FAKE_NVML_GPUS", 1, 10);
  return 0;
}

unsigned nvmlDeviceGetHandleByIndex_v2(unsigned index, struct device **device)
{
  *device = &devices[index % 2];
  return 0;
}

unsigned nvmlSystemGetDriverVersion(char *text, unsigned bytes)
{
  snprintf(text, bytes, "580.82.07");
  return 0;
}

unsigned nvmlSystemGetCudaDriverVersion_v2(int *version)
{
  *version = 13000;
  return 0;
}

unsigned nvmlDeviceGetName(struct device *device, char *text, unsigned bytes)
{
  snprintf(text, bytes, "NVIDIA Fake %u", device->index);
  return 0;
}

unsigned nvmlDeviceGetUUID(struct device *device, char *text, unsigned bytes)
{
  snprintf(text, bytes, "GPU-fake-%u", device->index);
  return 0;
}

unsigned nvmlDeviceGetPciInfo_v3(struct device *device, struct pci_info *info)
{
  snprintf(info->bus_id, sizeof(info->bus_id), "00000000:0%u:00.0", device->index + 1);
  return 0;
}

unsigned nvmlDeviceGetPersistenceMode(struct device *device, unsigned *out)
{
  (void)device;
  *out = mode(0);
  return 0;
}

unsigned nvmlDeviceGetEccMode(struct device *device, unsigned *now, unsigned *pending)
{
  (void)device;
  *now = mode(1);
  *pending = mode(2);
  return 0;
}

unsigned nvmlDeviceGetMigMode(struct device *device, unsigned *now, unsigned *pending)
{
  (void)device;
  *now = *pending = mode(3);
  return 0;
}

unsigned nvmlDeviceGetClockInfo(struct device *device, unsigned type, unsigned *mhz)
{
  (void)device;
  *mhz = type == 1 ? 345 : 3201;
  return 0;
}

unsigned nvmlDeviceGetMaxClockInfo(struct device *device, unsigned type, unsigned *mhz)
{
  (void)device;
  *mhz = type == 1 ? 1980 : 3201;
  return 0;
}

unsigned nvmlDeviceGetPowerUsage(struct device *device, unsigned *mw)
{
  (void)device;
  *mw = 76500;
  return 0;
}

unsigned nvmlDeviceGetEnforcedPowerLimit(struct device *device, unsigned *mw)
{
  (void)device;
  *mw = 1000 * number("FAKE_NVML_LIMIT", 700, 10);
  return 0;
}

unsigned nvmlDeviceGetPowerManagementDefaultLimit(struct device *device, unsigned *mw)
{
  (void)device;
  *mw = 700000;
  return 0;
}

unsigned nvmlDeviceGetUtilizationRates(struct device *device, struct utilization *rates)
{
  (void)device;
  *rates = (struct utilization){0, 0};
  return 0;
}

/* Ourselves, and the others. */
unsigned nvmlDeviceGetComputeRunningProcesses_v3(struct device *device, unsigned *count,
                                                 struct process_info *infos)
{
  const unsigned others = number("FAKE_NVML_OTHERS", 0, 10);
  (void)device;
  infos[0].pid = (unsigned)getpid();
  for (unsigned i = 1; i <= others && i < *count; i++)
    infos[i].pid = 1;
  *count = others + 1;
  return 0;
}

/* Only the name that drivers before CUDA 12.2 have. */
unsigned nvmlDeviceGetCurrentClocksThrottleReasons(struct device *device,
                                                   unsigned long long *reasons)
{
  (void)device;
  *reasons = number("FAKE_NVML_REASONS", 1, 16);
  return 0;
}
