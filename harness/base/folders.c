/* folders.c - see folders.h. Next: folder.c */
#include "folders.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store.h"

static bool holds(const char *folder, const char *file)
{
  char *path = hx_store_path(folder, file);
  const bool holds = path != NULL && access(path, F_OK) == 0;
  free(path);
  return holds;
}

/* Takes `path` over. */
static int add(struct hx_folders *folders, char *path)
{
  char **more = realloc(folders->path, (folders->count + 1) * sizeof(*more));
  if (more == NULL) {
    free(path);
    return -ENOMEM;
  }
  folders->path = more;
  folders->path[folders->count++] = path;
  return 0;
}

static int by_name(const void *a, const void *b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

int hx_folders_find(const char *path, const char *file, struct hx_folders *out, struct hx_why *why)
{
  int error = 0;
  *out = (struct hx_folders){0};
  if (holds(path, file)) {
    char *copy = strdup(path);
    return copy != NULL ? add(out, copy) : -ENOMEM;
  }
  DIR *directory = opendir(path);
  if (directory == NULL)
    return hx_refuse(why, -errno,
                     "cannot read %s: %s; name the folder of a run, as "
                     "results/runs/...",
                     path, strerror(errno));
  for (struct dirent *entry; error == 0 && (entry = readdir(directory)) != NULL;) {
    char *below = entry->d_name[0] != '.' ? hx_store_path(path, entry->d_name) : NULL;
    if (below != NULL && holds(below, file))
      error = add(out, below);
    else
      free(below);
  }
  closedir(directory);
  qsort(out->path, out->count, sizeof(*out->path), by_name);
  if (error == 0 && out->count == 0)
    error = hx_refuse(why, -ENOENT,
                      "%s holds no results of schema 2 (no %s in it or just below); "
                      "name the folder of a run, as results/runs/...",
                      path, file);
  if (error < 0)
    hx_folders_fini(out);
  return error;
}

void hx_folders_fini(struct hx_folders *folders)
{
  for (size_t i = 0; i < folders->count; i++)
    free(folders->path[i]);
  free(folders->path);
  *folders = (struct hx_folders){0};
}
