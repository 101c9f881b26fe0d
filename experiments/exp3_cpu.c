/* exp3_cpu.c - see exp3_cpu.h: where each allocator's two functions come from.
 *
 * jemalloc and mimalloc are Debian's libraries, opened when a point wants them, with RTLD_LOCAL and
 * RTLD_DEEPBIND: this program's own malloc stays glibc's, and theirs call their own. What a call
 * costs does not depend on how a library came here: one indirect call, as through a PLT, and
 * thread-local memory at a fixed offset (both are linked with the initial-exec model). Nothing of
 * theirs is configured. Next: exp3_cpu_slab.c */
#include "exp3_cpu.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TUNABLES "GLIBC_TUNABLES"
#define ROOM     "glibc.rtld.optional_static_tls"
#define ROOM_SET ROOM "=16384"

/* Of a team: an addition, and nothing is freed. */
struct bump {
  uint64_t next;
  uint64_t bytes;
  unsigned char *base;
  unsigned char pad[104]; /* no line is shared */
};

struct library {
  const char *file, *package;
  const char *alloc, *release, *usable;
};
static const struct library libraries[EXP3_WHO_COUNT] = {
    [EXP3_WHO_GLIBC] = {NULL, NULL, "malloc", "free", "malloc_usable_size"},
    [EXP3_WHO_JEMALLOC] = {"libjemalloc.so.2", "libjemalloc2", "malloc", "free",
                           "malloc_usable_size"},
    [EXP3_WHO_MIMALLOC] = {"libmimalloc.so.2", "libmimalloc2.0", "mi_malloc", "mi_free",
                           "mi_usable_size"}};

void exp3_cpu_begin(char **argv)
{
  const char *have = getenv(TUNABLES);
  char wish[512];
  if (have != NULL && strstr(have, ROOM) != NULL) {
    return;
  }
  snprintf(wish, sizeof(wish), "%s%s%s", have != NULL ? have : "", have != NULL ? ":" : "",
           ROOM_SET);
  if (setenv(TUNABLES, wish, 1) == 0) {
    execv("/proc/self/exe", argv); /* if that fails, jemalloc's points are skipped */
  }
}

static void *library_open(enum exp3_who who)
{
  return dlopen(libraries[who].file, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
}

int exp3_cpu_probe(struct hx_point *point, enum exp3_who who)
{
  if (libraries[who].file == NULL || library_open(who) != NULL) {
    return 0;
  }
  const char *why = dlerror();
  return hx_unmet(point, "%s (install %s; ci/setup does): %s", libraries[who].file,
                  libraries[who].package, why != NULL ? why : "cannot be opened");
}

/* ---- functions of two arguments, one of which a malloc does not read ---- */
static void *bump_alloc(uint64_t bytes, void *self)
{
  struct bump *bump = self;
  const uint64_t size = (bytes + 15u) & ~(uint64_t)15u;
  uint64_t at = bump->next;
  if (at + size > bump->bytes) {
    at = 0;
  }
  bump->next = at + size;
  return bump->base + at;
}
static void bump_free(void *p, void *self)
{
  (void)p;
  (void)self;
}

static uint64_t mmap_bytes;
static void *mmap_alloc(uint64_t bytes, void *self)
{
  (void)self;
  void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return p != MAP_FAILED ? p : NULL;
}
static void mmap_free(void *p, void *self)
{
  (void)self;
  munmap(p, mmap_bytes);
}

/* A function as data, and back: what ISO C has no cast for. */
static int set_calls(struct exp3_calls *calls, void *library, const struct library *names)
{
  void *alloc = dlsym(library, names->alloc), *release = dlsym(library, names->release);
  void *usable = dlsym(library, names->usable);
  memcpy(&calls->alloc, &alloc, sizeof(alloc));
  memcpy(&calls->release, &release, sizeof(release));
  memcpy(&calls->usable, &usable, sizeof(usable));
  return alloc != NULL && release != NULL ? 0 : -1;
}

static int bump_make(struct exp3_calls *calls, uint64_t bytes, uint32_t teams)
{
  const size_t each = (bytes / teams + 65535u) & ~(uint64_t)65535u;
  struct bump *bump = aligned_alloc(sizeof(*bump), teams * sizeof(*bump));
  unsigned char *all = mmap(NULL, each * teams, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (bump == NULL || all == MAP_FAILED) {
    return -1;
  }
  for (uint32_t i = 0; i < teams; i++) {
    bump[i] = (struct bump){.bytes = each, .base = all + i * each};
  }
  *calls = (struct exp3_calls){bump_alloc, bump_free, NULL, (unsigned char *)bump, sizeof(*bump)};
  return 0;
}

const struct exp3_calls *exp3_cpu_calls(struct hx_point *point, enum exp3_who who, uint64_t bytes,
                                        uint64_t bump_bytes, uint32_t teams)
{
  static struct exp3_calls all[EXP3_WHO_COUNT];
  struct exp3_calls *calls = &all[who];
  void *library = libraries[who].file != NULL ? library_open(who) : NULL;
  switch (who) {
  case EXP3_WHO_SLAB:
    return &exp3_slab_calls;
  case EXP3_WHO_BITMAP:
    return &exp3_bitmap_calls;
  case EXP3_WHO_BUMP:
    if (bump_make(calls, bump_bytes + teams * bytes, teams) < 0) {
      hx_fail(point, "no memory for what the bump has in use");
      return NULL;
    }
    return calls;
  case EXP3_WHO_MMAP:
    mmap_bytes = bytes;
    *calls = (struct exp3_calls){mmap_alloc, mmap_free, NULL, (unsigned char *)&mmap_bytes, 0};
    return calls;
  default:
    break;
  }
  if (set_calls(calls, library != NULL ? library : RTLD_DEFAULT, &libraries[who]) < 0) {
    hx_fail(point, "the library has no function to allocate: %s", dlerror());
    return NULL;
  }
  return calls;
}
