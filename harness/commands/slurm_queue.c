/* slurm_queue.c - see slurm_queue.h. Next: child.h */
#include "slurm_queue.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "store.h"

#define ANSWER_BYTES 400 /* of what a program says, in a sentence */

int hx_slurm_find(const char *program, char **path, struct hx_why *why)
{
  struct hx_text_list folders = {0};
  const char *search = getenv("PATH");
  bool is_found = false;
  if (search != NULL && hx_text_split(search, ':', &folders) < 0)
    folders.count = 0; /* an empty entry, or no memory: said below */
  for (size_t i = 0; !is_found && i < folders.count; i++) {
    char *one = hx_store_path(folders.item[i], program);
    is_found = one != NULL && access(one, X_OK) == 0;
    if (is_found && path != NULL)
      *path = one;
    else
      free(one);
  }
  hx_text_list_fini(&folders);
  return is_found ? 0
                  : hx_refuse(why, -ENOENT,
                              "there is no %s on this machine's PATH; go to a login node of the "
                              "cluster or install Slurm's client programs (Debian: slurm-client), "
                              "or leave out --executor slurm to measure here",
                              program);
}

/* The last line that begins with a digit: "12", or "12;cluster". Warnings may stand before it. */
static bool take_id(const char *text, char id[HX_SLURM_ID_BYTES])
{
  id[0] = '\0';
  for (const char *line = text; line != NULL && *line != '\0';) {
    const size_t digits = strspn(line, "0123456789");
    if (digits > 0 && digits < HX_SLURM_ID_BYTES && strchr(";\n", line[digits]) != NULL)
      snprintf(id, HX_SLURM_ID_BYTES, "%.*s", (int)digits, line);
    line = strchr(line, '\n');
    line = line != NULL ? line + 1 : NULL;
  }
  return id[0] != '\0';
}

int hx_slurm_submit(const char *script, const struct hx_slurm_submission *how,
                    char id[HX_SLURM_ID_BYTES], struct hx_why *why)
{
  static char name[] = "sbatch", parsable[] = "--parsable", wait[] = "--wait";
  char *argv[6] = {name, parsable};
  size_t argc = 2;
  char *path = NULL, *after = NULL, *file = strdup(script);
  struct hx_child child = {.output = HX_CHILD_KEEP_ALL};
  int error = hx_slurm_find("sbatch", &path, why);
  if (how->waits)
    argv[argc++] = wait;
  if (how->after != NULL && asprintf(&after, "--dependency=afterany:%s", how->after) > 0)
    argv[argc++] = after;
  argv[argc++] = file;
  child.path = path;
  child.argv = argv;
  if (error == 0 && (error = hx_child_run(&child)) < 0)
    hx_refuse(why, error, "cannot start sbatch: %s; try `sbatch --version`", strerror(-error));
  if (error == 0 && (child.text == NULL || !take_id(child.text, id))) {
    if (child.text != NULL)
      hx_text_make_plain(child.text);
    error = hx_refuse(why, -EIO,
                      "sbatch did not take %s: %.*s(exit %d); mend that, with --slurm-option where "
                      "the site asks for more, and give the same command again",
                      script, ANSWER_BYTES, child.text != NULL ? child.text : "", child.exit_code);
  }
  free(child.text);
  free(path);
  free(after);
  free(file);
  return error;
}

int hx_slurm_check_queue(const char *record, struct hx_why *why)
{
  static char name[] = "squeue", no_header[] = "--noheader", format[] = "--format=%A";
  struct hx_why none;
  json_t *json = hx_store_load(record, NULL, &none);
  const char *id = json_string_value(json_object_get(json, "job"));
  char *path = NULL, *jobs = NULL;
  char there[HX_SLURM_ID_BYTES];
  struct hx_child child = {.output = HX_CHILD_KEEP_ALL};
  int error = 0;
  if (id != NULL && id[0] != '\0' && hx_slurm_find("squeue", &path, &none) == 0 &&
      asprintf(&jobs, "--jobs=%s", id) > 0) {
    char *argv[] = {name, no_header, format, jobs, NULL};
    child.path = path;
    child.argv = argv;
    if (hx_child_run(&child) == 0 && child.exit_code == 0 && child.text != NULL &&
        take_id(child.text, there))
      error = hx_refuse(why, -EBUSY,
                        "job %s of this run is still waiting or running; wait for it (squeue "
                        "--jobs=%s), or end it with `scancel %s`, then give the same command again",
                        id, id, id);
  }
  free(child.text);
  free(path);
  free(jobs);
  json_decref(json);
  return error;
}
