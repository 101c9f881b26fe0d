/* device.c - see device.h. Next: sweep.c */
#include "device.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "table.h"

bool hx_device_is_sim(const char *device)
{
  return strcmp(device, "sim") == 0;
}

static int probe(const struct hx_experiment *experiment, struct hx_choice *choice)
{
  choice->sentence[0] = '\0';
  if (experiment->device_probe == NULL)
    return strcmp(choice->device, "cpu") == 0 ? 0 : -ENODEV;
  const int result =
      experiment->device_probe(choice->device, choice->sentence, sizeof(choice->sentence));
  hx_text_make_plain(choice->sentence);
  return result;
}

/* "cuda" and "cuda:3" to the name used from here on; -EINVAL for what is no device at all. */
static int normalise(const char *wish, char device[HX_DEVICE_BYTES])
{
  uint64_t number = 0;
  if (strcmp(wish, "cpu") == 0 || hx_device_is_sim(wish)) {
    strcpy(device, wish);
    return 0;
  }
  if (strncmp(wish, "cuda", 4) != 0 || (wish[4] != ':' && wish[4] != '\0'))
    return -EINVAL;
  if (wish[4] == ':' && (hx_text_parse_u64(wish + 5, &number) < 0 || number > 1024))
    return -EINVAL;
  snprintf(device, HX_DEVICE_BYTES, "cuda:%u", (unsigned)number);
  return 0;
}

/* auto, of real devices: true if there is a GPU that some variant runs on; else it is the CPU. */
static bool choose_auto(const struct hx_experiment *experiment, struct hx_choice *choice)
{
  bool has_cuda = false;
  strcpy(choice->device, "cuda:0");
  for (size_t i = 0; experiment->variants[i].name != NULL; i++)
    has_cuda = has_cuda || hx_table_accepts(&experiment->variants[i], choice->device);
  if (has_cuda && probe(experiment, choice) == 0)
    return true;
  if (has_cuda)
    strcpy(choice->auto_sentence, choice->sentence);
  choice->sentence[0] = '\0';
  strcpy(choice->device, "cpu");
  return false;
}

int hx_device_name(const struct hx_experiment *experiment, const char *wish,
                   struct hx_choice *choice, struct hx_why *why)
{
  const bool is_simulated = experiment->simulator != NULL;
  const bool is_auto = wish == NULL || strcmp(wish, "auto") == 0;
  const char *name = experiment->name;
  *choice = (struct hx_choice){0};
  if (is_auto && is_simulated)
    strcpy(choice->device, "sim");
  else if (is_auto && choose_auto(experiment, choice))
    return 0;
  else if (!is_auto && normalise(wish, choice->device) < 0)
    return hx_refuse(why, -EINVAL, "there is no device %s; choose auto, cpu, cuda, cuda:N or sim",
                     wish);
  if (is_simulated && !hx_device_is_sim(choice->device))
    return hx_refuse(why, -ENODEV, "%s-sim knows only device sim; %s knows %s", name, name,
                     choice->device);
  if (!is_simulated && hx_device_is_sim(choice->device))
    return hx_refuse(why, -ENODEV,
                     "%s knows no device sim, %s-sim does; `grosr run %s --device sim` starts that",
                     name, name, name);
  return 0;
}

int hx_device_choose(const struct hx_experiment *experiment, const char *wish,
                     struct hx_choice *choice, struct hx_why *why)
{
  const int named = hx_device_name(experiment, wish, choice, why);
  if (named < 0 || choice->sentence[0] != '\0') /* refused, or looked at for auto */
    return named;
  const int result = probe(experiment, choice);
  if (result < 0 && choice->sentence[0] != '\0')
    return hx_refuse(why, result, "%s", choice->sentence);
  if (result < 0)
    return hx_refuse(why, result, "%s cannot use %s; add --device cpu", experiment->name,
                     choice->device);
  return 0;
}
