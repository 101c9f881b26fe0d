/* test_relay_files.h - calls of files by hand: a context whose root is a folder below /tmp, memory
 * whose device address is not the host's, and no thread, ring or device. The folders go when a test
 * ends. Next: test_relay_files.c. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "folder.h"
#include "host/relay.h"

#define DEVICE 0x7f0000000000ull /* where ops have the memory; paths first, then data */
#define BYTES  8192u
#define DATA   2048u

static struct gr_relay_context context;
static unsigned char memory[BYTES];
static char folder[64], in[80], out[80]; /* the root, and a folder beside it */

static inline void begin(void)
{
  strcpy(folder, "/tmp/relay.XXXXXX");
  cr_assert_not_null(mkdtemp(folder));
  snprintf(in, sizeof in, "%s/in", folder);
  snprintf(out, sizeof out, "%s/out", folder);
  cr_assert(mkdir(in, 0700) == 0 && mkdir(out, 0700) == 0);
  gr_relay_context_init(&context);
  context.calls = (1u << GR_CALL_KINDS) - 1u;
  context.may_write = true;
  context.root = open(in, O_PATH | O_DIRECTORY | O_CLOEXEC);
  context.regions = 1;
  context.region[0] = (struct gr_relay_region){DEVICE, BYTES, memory};
}

static inline void end(void)
{
  gr_relay_context_fini(&context);
  cr_assert_eq(folder_remove(folder), 0);
}

static inline int64_t path_call(uint16_t kind, const char *path, uint64_t mode)
{
  const struct gr_call call = {
      .address = DEVICE, .bytes = strlen(path), .mode = mode, .kind = kind};
  memcpy(memory, path, strlen(path));
  return gr_relay_carry_out(&context, &call);
}
static inline int64_t open_call(const char *path, uint64_t mode)
{
  return path_call(GR_CALL_OPEN, path, mode);
}
static inline int64_t handle_call(uint16_t kind, int64_t handle, uint64_t offset, uint64_t bytes)
{
  const struct gr_call call = {.address = DEVICE + DATA,
                               .offset = offset,
                               .bytes = bytes,
                               .kind = kind,
                               .handle = (uint32_t)handle};
  return gr_relay_carry_out(&context, &call);
}
/* A file of the host's, of this text, and its path until the next call. */
static inline const char *file_make(const char *where, const char *name, const char *text)
{
  static char path[160];
  snprintf(path, sizeof path, "%s/%s", where, name);
  FILE *file = fopen(path, "w");
  cr_assert(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
  return path;
}
static inline int entries(const char *path)
{
  const int count = folder_entries(path);
  cr_assert_geq(count, 0);
  return count;
}
#define DESCRIPTORS() entries("/proc/self/fd")
