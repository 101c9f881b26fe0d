/* look_json.c - a look as JSON. Part of look.h. Next: judge.h */
#include "look.h"

static void set_text(json_t *object, const char *key, const char *text)
{
  if (text[0] != '\0')
    json_object_set_new(object, key, json_string(text));
}

static void set_count(json_t *object, const char *key, uint64_t count)
{
  if (count != HX_UNSEEN)
    json_object_set_new(object, key, json_integer((json_int_t)count));
}

static void set_flag(json_t *object, const char *key, int flag)
{
  if (flag >= 0)
    json_object_set_new(object, key, json_boolean(flag));
}

static json_t *cgroup_json(const struct hx_cgroup *cgroup)
{
  json_t *object = json_object();
  if (cgroup->version > 0)
    json_object_set_new(object, "version", json_integer(cgroup->version));
  if (cgroup->cpus >= 0.0)
    json_object_set_new(object, "cpus_max",
                        cgroup->cpus > 0.0 ? json_real(cgroup->cpus) : json_string("no limit"));
  if (cgroup->version > 0)
    json_object_set_new(object, "memory_bytes_max",
                        cgroup->memory_bytes > 0 ? json_integer((json_int_t)cgroup->memory_bytes)
                                                 : json_string("no limit"));
  set_count(object, "throttled", cgroup->throttled);
  if (cgroup->throttled != HX_UNSEEN)
    set_count(object, "throttled_us", cgroup->throttled_us);
  return object;
}

json_t *hx_look_json(const struct hx_look *look)
{
  json_t *object = json_object();
  set_text(object, "cpus", look->cpus);
  set_text(object, "governor", look->governor);
  set_flag(object, "turbo", look->turbo);
  set_flag(object, "smt", look->smt);
  set_text(object, "isolated_cpus", look->isolated);
  set_count(object, "isolated_of_ours", look->isolated_count);
  set_text(object, "transparent_hugepages", look->hugepages);
  if (look->aslr >= 0)
    json_object_set_new(object, "aslr", json_integer(look->aslr));
  set_flag(object, "aslr_off_for_this_process", look->aslr_off_here);
  set_flag(object, "virtual", look->is_virtual);
  set_text(object, "machine", look->machine);
  set_text(object, "container", look->container);
  json_object_set_new(object, "cgroup", cgroup_json(&look->cgroup));
  set_count(object, "memory_kib", look->memory_kib);
  set_count(object, "memory_available_kib", look->memory_available_kib);
  set_count(object, "swap_kib", look->swap_kib);
  set_count(object, "swap_used_kib", look->swap_used_kib);
  if (look->load1 >= 0.0)
    json_object_set_new(object, "load_1_min", json_real(look->load1));
  if (look->runnable_others >= 0)
    set_count(object, "runnable_others", (uint64_t)look->runnable_others);
  set_count(object, "ticks_total", look->ticks_total);
  set_count(object, "ticks_busy", look->ticks_busy);
  set_count(object, "ticks_stolen", look->ticks_stolen);
  set_count(object, "ticks_own", look->ticks_own);
  set_count(object, "memory_stall_us", look->memory_stall_us);
  set_count(object, "swapped_pages", look->swapped_pages);
  set_count(object, "heat_throttle_events", look->throttle_events);
  set_count(object, "switches_forced", look->switches_forced);
  return object;
}
