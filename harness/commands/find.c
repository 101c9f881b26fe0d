/* find.c - see find.h. Next: child.c */
#include "find.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"
#include "nearest.h"

#define PATH_BYTES  4096u
#define COUNT_MAX   256u
#define NAMES_BYTES 320u

static bool is_folder(const char *path)
{
  struct stat state;
  return stat(path, &state) == 0 && S_ISDIR(state.st_mode);
}

/* The folder, allocated, or NULL and a sentence. */
static char *find_folder(struct hx_why *why)
{
  static const char *const beside[] = {"/../experiments", "/../libexec/grosr"};
  const char *wish = getenv("GROSR_EXPERIMENTS_DIR");
  char self[PATH_BYTES];
  if (wish != NULL) {
    if (!is_folder(wish)) {
      hx_refuse(why, -ENOENT, "GROSR_EXPERIMENTS_DIR=%s is not a folder; correct or unset it",
                wish);
      return NULL;
    }
    return strdup(wish);
  }
  const ssize_t bytes = readlink("/proc/self/exe", self, sizeof(self) - 32);
  if (bytes > 0) {
    self[bytes] = '\0';
    char *slash = strrchr(self, '/');
    for (size_t i = 0; slash != NULL && i < sizeof(beside) / sizeof(beside[0]); i++) {
      strcpy(slash, beside[i]);
      if (is_folder(self))
        return strdup(self);
    }
  }
  hx_refuse(why, -ENOENT, "no experiments beside grosr; set GROSR_EXPERIMENTS_DIR to their folder");
  return NULL;
}

/* exp<digits>_<name>; the number, or -EINVAL. */
static long number_of(const char *name)
{
  char *end = NULL;
  if (strncmp(name, "exp", 3) != 0 || name[3] < '0' || name[3] > '9' || !hx_text_is_name(name))
    return -EINVAL;
  const long number = strtol(name + 3, &end, 10);
  return *end == '_' && end[1] != '\0' && number >= 0 ? number : -EINVAL;
}

static int compare_names(const void *left, const void *right)
{
  const char *a = *(char *const *)left;
  const char *b = *(char *const *)right;
  const long number_a = number_of(a);
  const long number_b = number_of(b);
  if (number_a != number_b)
    return number_a < number_b ? -1 : 1;
  return strcmp(a, b);
}

static bool is_experiment(const char *folder, const char *name)
{
  char path[PATH_BYTES];
  struct stat state;
  if (number_of(name) < 0 ||
      snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
    return false;
  return stat(path, &state) == 0 && S_ISREG(state.st_mode) && access(path, X_OK) == 0;
}

/* What is in found->folder, which is taken over. */
static int find_all(struct hx_found *found, struct hx_why *why)
{
  struct dirent *entry = NULL;
  int result = 0;
  found->name = calloc(COUNT_MAX, sizeof(*found->name));
  DIR *dir = opendir(found->folder);
  if (dir == NULL || found->name == NULL)
    result = hx_refuse(why, -EIO, "cannot read the folder %s", found->folder);
  while (result == 0 && found->count < COUNT_MAX && (entry = readdir(dir)) != NULL) {
    if (!is_experiment(found->folder, entry->d_name))
      continue;
    found->name[found->count] = strdup(entry->d_name);
    if (found->name[found->count] == NULL)
      result = hx_refuse(why, -ENOMEM, "out of memory for the list of experiments");
    else
      found->count++;
  }
  if (dir != NULL)
    closedir(dir);
  if (result == 0 && found->count == 0)
    result = hx_refuse(why, -ENOENT, "%s holds no experiment (exp<N>_<name>); build them first",
                       found->folder);
  if (result == 0)
    qsort(found->name, found->count, sizeof(*found->name), compare_names);
  else
    hx_find_fini(found);
  return result;
}

int hx_find_all(struct hx_found *found, struct hx_why *why)
{
  *found = (struct hx_found){.folder = find_folder(why)};
  return found->folder == NULL ? -ENOENT : find_all(found, why);
}

int hx_find_in(struct hx_found *found, const char *folder, struct hx_why *why)
{
  *found = (struct hx_found){.folder = strdup(folder)};
  if (found->folder == NULL)
    return hx_refuse(why, -ENOMEM, "out of memory for the list of experiments");
  return find_all(found, why);
}

char *hx_find_binary(const struct hx_found *found, size_t index, const char *device,
                     struct hx_why *why)
{
  const bool is_sim = device != NULL && hx_device_is_sim(device);
  char *path = NULL;
  if (asprintf(&path, "%s/%s%s", found->folder, found->name[index], is_sim ? "-sim" : "") < 0) {
    hx_refuse(why, -ENOMEM, "out of memory for the name of a binary");
    return NULL;
  }
  if (is_sim && access(path, X_OK) < 0) {
    hx_refuse(why, -ENOENT,
              "there is no %s; a build with ThreadSanitizer has no simulator, any other has: "
              "use one of those for --device sim",
              path);
    free(path);
    return NULL;
  }
  return path;
}

void hx_find_fini(struct hx_found *found)
{
  for (size_t i = 0; found->name != NULL && i < found->count; i++)
    free(found->name[i]);
  free(found->name);
  free(found->folder);
  *found = (struct hx_found){0};
}

/* Does the wish name it: in full, by "exp<N>", or by "<N>"? */
static bool is_meant(const char *name, const char *wish)
{
  const char *digits = strncmp(wish, "exp", 3) == 0 ? wish + 3 : wish;
  uint64_t number = 0;
  return strcmp(name, wish) == 0 ||
         (strspn(digits, "0123456789") == strlen(digits) &&
          hx_text_parse_u64(digits, &number) == 0 && (uint64_t)number_of(name) == number);
}

int hx_find_one(const struct hx_found *found, const char *wish, struct hx_why *why)
{
  char names[NAMES_BYTES] = "";
  char near[NAMES_BYTES] = "";
  int at = -ENOENT;
  for (size_t i = 0; i < found->count; i++) {
    const size_t used = strlen(names);
    snprintf(names + used, sizeof(names) - used, "%s%s", used > 0 ? ", " : "", found->name[i]);
    if (!is_meant(found->name[i], wish))
      continue;
    if (at >= 0)
      return hx_refuse(why, -EEXIST, "%s could be %s or %s; give the full name", wish,
                       found->name[at], found->name[i]);
    at = (int)i;
  }
  if (at >= 0)
    return at;
  hx_nearest(wish, (const char *const *)found->name, found->count, near, sizeof(near));
  hx_refuse(why, at, "there is no experiment %s; there is %s%s%s", wish, names,
            near[0] != '\0' ? "; the nearest: " : "", near);
  return at;
}
