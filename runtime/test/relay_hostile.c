/* relay_hostile.c - see relay_hostile.h. Next: stress_relay.c, fuzz_relay.c. */
#include "relay_hostile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"

#define GUARD_BYTE   0xa5
#define SECRET       "nobody's business\n"
#define FILE_BYTES   (1u << 20) /* of one file, at most: what is written far out is refused */
#define OUT_ENTRIES  3          /* ".", "..", the secret */
#define ALL_ENTRIES  5          /* ".", "..", a, b, out */

static bool say(const char *what, const char *detail)
{
  fprintf(stderr, "hostile: %s: %s\n", what, detail);
  return false;
}

static const char *path_of(const struct hostile *h, const char *name)
{
  static _Thread_local char path[128];
  snprintf(path, sizeof path, "%s/%s", h->folder, name);
  return path;
}

static bool file_make(const char *path, const char *text)
{
  FILE *file = fopen(path, "w");
  return file != NULL && fputs(text, file) >= 0 && fclose(file) == 0;
}

/* What a root has in it at first. */
static bool root_fill(const struct hostile *h, const char *name)
{
  char path[128];
  const char *links[][2] = {{"../../out/secret", "link"}, {"../out", "outward"}, {"f", "inward"},
                            {"/proc/self/fd", "magic"},   {"/", "slash"}};
  bool is_good = mkdir(path_of(h, name), 0700) == 0;
  for (uint32_t i = 0; i < sizeof links / sizeof links[0]; i++) {
    snprintf(path, sizeof path, "%s/%s/%s", h->folder, name, links[i][1]);
    is_good = symlink(links[i][0], path) == 0 && is_good;
  }
  snprintf(path, sizeof path, "%s/%s/fifo", h->folder, name);
  is_good = mkfifo(path, 0600) == 0 && is_good;
  snprintf(path, sizeof path, "%s/%s/d", h->folder, name);
  is_good = mkdir(path, 0700) == 0 && is_good;
  snprintf(path, sizeof path, "%s/%s/f", h->folder, name);
  return file_make(path, name) && is_good;
}

static bool context_begin(struct hostile *h, uint32_t i)
{
  struct gr_relay_context *context = &h->context[i];
  const size_t bytes = HOSTILE_BYTES + 2u * HOSTILE_GUARD;
  gr_relay_context_init(context);
  context->calls = (1u << GR_CALL_KINDS) - 1u;
  context->may_write = true;
  context->handles_max = 16;
  context->root = open(path_of(h, i == 0 ? "a" : "b"), O_PATH | O_DIRECTORY | O_CLOEXEC);
  h->memory[i] = malloc(bytes);
  if (context->root < 0 || h->memory[i] == NULL) {
    return false;
  }
  memset(h->memory[i], GUARD_BYTE, bytes);
  context->regions = 1;
  context->region[0] =
      (struct gr_relay_region){hostile_device(i), HOSTILE_BYTES, hostile_region(h, i)};
  return true;
}

bool hostile_begin(struct hostile *h)
{
  const struct rlimit limit = {FILE_BYTES, FILE_BYTES};
  memset(h, 0, sizeof *h);
  signal(SIGXFSZ, SIG_IGN);
  strcpy(h->folder, "/tmp/hostile.XXXXXX");
  if (setrlimit(RLIMIT_FSIZE, &limit) != 0 || mkdtemp(h->folder) == NULL ||
      mkdir(path_of(h, "out"), 0700) != 0 || !file_make(path_of(h, "out/secret"), SECRET) ||
      !root_fill(h, "a") || !root_fill(h, "b") || !context_begin(h, 0) || !context_begin(h, 1)) {
    return say("cannot begin", strerror(errno));
  }
  h->descriptors = folder_entries("/proc/self/fd");
  return true;
}

bool hostile_end(struct hostile *h)
{
  for (uint32_t i = 0; i < HOSTILE_CONTEXTS; i++) {
    gr_relay_context_fini(&h->context[i]);
    free(h->memory[i]);
  }
  if (folder_entries("/proc/self/fd") != h->descriptors - (int)HOSTILE_CONTEXTS) {
    return say("descriptors are left", "/proc/self/fd");
  }
  return folder_remove(h->folder) == 0 ||
         say("the folder stays", h->folder);
}

/* What was opened lies beneath the root, as the kernel names it. */
static bool is_beneath(const struct hostile *h, uint32_t context, int fd)
{
  char name[64], path[256], root[128];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  snprintf(root, sizeof root, "%s/%s", h->folder, context == 0 ? "a" : "b");
  const ssize_t bytes = readlink(name, path, sizeof path - 1u);
  path[bytes > 0 ? bytes : 0] = 0;
  const size_t length = strlen(root);
  return (strncmp(path, root, length) == 0 && (path[length] == 0 || path[length] == '/')) ||
         say("an open led out", path);
}

bool hostile_call(struct hostile *h, uint32_t context, const struct gr_call *call)
{
  struct gr_relay_context *of = &h->context[context];
  const struct gr_relay_handle *entry;
  const int64_t result = gr_relay_carry_out(of, call);
  if (result < -4095 || result > (int64_t)GR_RELAY_BYTES + INT32_MAX) {
    return say("a result that is none", "gr_relay_carry_out");
  }
  if (result > 0 && call->kind == GR_CALL_OPEN) {
    entry = gr_relay_handle_find(of, (uint32_t)result);
    return entry != NULL ? is_beneath(h, context, entry->fd) : say("no such handle", "open");
  }
  if (result > 0 && call->kind != GR_CALL_OPEN && (uint64_t)result > call->bytes) {
    return say("more bytes than were asked for", "gr_relay_carry_out");
  }
  return true;
}

static bool guard_is_well(const unsigned char *guard)
{
  for (uint32_t i = 0; i < HOSTILE_GUARD; i++) {
    if (guard[i] != GUARD_BYTE) {
      return say("memory beside the region was written", "guard");
    }
  }
  return true;
}

bool hostile_is_well(const struct hostile *h)
{
  char text[64] = "";
  int open_handles = 0;
  bool is_well = true;
  for (uint32_t i = 0; i < HOSTILE_CONTEXTS; i++) {
    is_well = guard_is_well(h->memory[i]) && is_well;
    is_well = guard_is_well(hostile_region(h, i) + HOSTILE_BYTES) && is_well;
    for (uint32_t k = 0; k < GR_RELAY_HANDLES; k++) {
      open_handles += h->context[i].handle[k].fd >= 0;
    }
  }
  if (folder_entries("/proc/self/fd") != h->descriptors + open_handles) {
    is_well = say("descriptors beside the handles", "/proc/self/fd");
  }
  if (folder_entries(h->folder) != ALL_ENTRIES ||
      folder_entries(path_of(h, "out")) != OUT_ENTRIES) {
    is_well = say("something was made or taken away", h->folder);
  }
  FILE *secret = fopen(path_of(h, "out/secret"), "r");
  if (secret == NULL || fgets(text, sizeof text, secret) == NULL || strcmp(text, SECRET) != 0) {
    is_well = say("was changed", path_of(h, "out/secret"));
  }
  if (secret != NULL) {
    fclose(secret);
  }
  return is_well;
}
