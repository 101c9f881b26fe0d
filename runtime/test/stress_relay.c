/* stress_relay.c - a hostile device: descriptors at random, good ones with bits turned over, and
 * good ones whose payload another thread rewrites while they are carried out. Nothing crashes,
 * leads out of a root, names another context's handle or leaves a descriptor.
 *
 *   usage: stress_relay [--operations N] [--rewrites N] [--seed N]
 *   --operations N  calls of the first two kinds (default 2000000)
 *   --rewrites N    of the third (default 100000)
 *
 * Mutants that it notices: no RESOLVE_BENEATH; bytes compared with the whole region; a handle
 * closed without its descriptor; a descriptor put into another context's table. That it does not:
 * links followed beneath the root (test_relay_files_threats.c does), handles without the test for
 * closed ones (their generation has gone on).
 *
 * The third kind is a race on purpose, as the device's memory is not the host's to lock: it is left
 * out under ThreadSanitizer. Next: fuzz_relay.c. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay_hostile.h"

#define LOOK_EVERY 20000u
#define KEPT       64u /* calls that were well formed, to be turned over */

static uint64_t state;
static uint64_t random_u64(void)
{
  state ^= state << 13; /* xorshift */
  state ^= state >> 7;
  state ^= state << 17;
  return state * 0x9e3779b97f4a7c15ull;
}
static uint32_t below(uint32_t limit)
{
  return (uint32_t)((random_u64() >> 32) * limit >> 32);
}

static const char *const part[] = {"a",  "b", "d", "f",     "..",   ".",     "link",   "outward",
                                   "fifo", "",  "secret", "out", "magic", "inward", "slash", "0"};
#define PARTS (sizeof part / sizeof part[0])

/* A path into `to`, which has room for GR_RELAY_PATH bytes; its length. */
static uint64_t path_make(unsigned char *to)
{
  uint64_t bytes = 0;
  for (uint32_t left = 1u + below(below(16) == 0 ? 60u : 4u); left != 0; left--) {
    const char *name = part[below(PARTS)];
    const uint64_t more = strlen(name);
    memcpy(to + bytes, name, more);
    bytes += more;
    if (left > 1u || below(8) == 0) {
      to[bytes++] = '/';
    }
  }
  if (bytes != 0 && below(32) == 0) {
    to[below((uint32_t)bytes)] = (unsigned char)random_u64();
  }
  return bytes;
}

/* A number that is small, at an edge, or anything. */
static uint64_t number(uint64_t most)
{
  switch (below(8)) {
  case 0:
    return random_u64();
  case 1:
    return most + below(3) - 1u;
  case 2:
    return UINT64_MAX - below(3);
  case 3:
    return (uint64_t)1 << below(64);
  default:
    return most != 0 ? random_u64() % most : 0;
  }
}

static uint32_t handle_pick(const struct hostile *h, uint32_t context)
{
  const uint32_t index = below(20), of = below(16) == 0 ? context ^ 1u : context;
  const uint32_t good = (uint32_t)h->context[of].handle[index].generation << 16 | index;
  return below(16) == 0 ? (uint32_t)random_u64() : good - (below(16) == 0 ? 1u << 16 : 0u);
}

/* A call as an op might make it, with its payload; often a bad one all the same. */
static struct gr_call call_make(const struct hostile *h, uint32_t context)
{
  const bool is_wild = below(4) == 0;
  struct gr_call call = {.kind = (uint16_t)below(is_wild ? 24u : GR_CALL_KINDS),
                         .context = (uint8_t)below(256),
                         .handle = handle_pick(h, context),
                         .record = (uint32_t)random_u64(),
                         .sequence = (uint32_t)random_u64()};
  call.address = hostile_device(context);
  if (call.kind == GR_CALL_OPEN || call.kind == GR_CALL_UNLINK) {
    call.bytes = path_make(hostile_region(h, context));
    call.mode = call.kind == GR_CALL_OPEN ? below(is_wild ? 256u : 64u) : 0u;
  } else {
    call.address += number(HOSTILE_BYTES);
    call.bytes = number(HOSTILE_BYTES);
    call.offset = number(1u << 20);
  }
  return call;
}

/* One to three bits of it turned over. */
static void call_mutate(struct gr_call *call)
{
  unsigned char *byte = (unsigned char *)call;
  for (uint32_t left = 1u + below(3); left != 0; left--) {
    byte[below(sizeof *call)] ^= (unsigned char)(1u << below(8));
  }
}

static bool descriptors(struct hostile *h, uint64_t count)
{
  struct gr_call kept[KEPT] = {{0}};
  for (uint64_t i = 0; i < count; i++) {
    const uint32_t context = below(HOSTILE_CONTEXTS), at = below(KEPT);
    struct gr_call call = kept[at];
    if (below(4) == 0) {
      for (uint32_t k = 0; k < sizeof call; k++) {
        ((unsigned char *)&call)[k] = (unsigned char)random_u64();
      }
    } else if (below(2) == 0) {
      call = kept[at] = call_make(h, context);
    } else {
      call_mutate(&call);
    }
    if (!hostile_call(h, context, &call) || (i % LOOK_EVERY == 0 && !hostile_is_well(h))) {
      fprintf(stderr, "at call %llu\n", (unsigned long long)i);
      return false;
    }
  }
  return hostile_is_well(h);
}

/* ---- the payload is rewritten meanwhile ---- */
struct rewriter {
  volatile unsigned char *path;
  volatile uint32_t stop; /* it may come late */
};

static void *rewrite(void *argument)
{
  static const char *const paths[] = {"d/../f", "link//", "../out", "magic/", "d/././", "inward"};
  struct rewriter *self = argument;
  for (uint32_t i = 0; self->stop == 0; i++) {
    const char *path = paths[i % (sizeof paths / sizeof paths[0])];
    for (uint32_t k = 0; k < 6u; k++) {
      self->path[k] = (unsigned char)path[k];
    }
  }
  return NULL;
}

static bool rewrites(struct hostile *h, uint64_t count)
{
  struct rewriter rewriter = {hostile_region(h, 0), 0};
  pthread_t thread;
  if (count == 0) {
    return true;
  }
  bool is_well = pthread_create(&thread, NULL, rewrite, &rewriter) == 0;
  for (uint64_t i = 0; is_well && i < count; i++) {
    const bool is_open = below(8) != 0;
    struct gr_call call = {.kind = is_open ? GR_CALL_OPEN : GR_CALL_UNLINK,
                           .address = hostile_device(0),
                           .bytes = 6,
                           .mode = is_open ? GR_OPEN_BOTH | (GR_OPEN_CREATE * below(2)) : 0};
    is_well = hostile_call(h, 0, &call);
    for (uint32_t k = 0; is_well && k < 16u; k++) { /* no handle is kept: opens go on */
      call = (struct gr_call){
          .kind = GR_CALL_CLOSE,
          .handle = (uint32_t)h->context[0].handle[k].generation << 16 | k};
      is_well = h->context[0].handle[k].fd < 0 || hostile_call(h, 0, &call);
    }
  }
  rewriter.stop = 1;
  pthread_join(thread, NULL);
  return is_well && hostile_is_well(h);
}

int main(int argc, char **argv)
{
  uint64_t count = 2000000, changes = 100000;
  struct hostile h;
  state = 20261130;
  for (int i = 1; i < argc; i += 2) {
    uint64_t *to = strcmp(argv[i], "--operations") == 0 ? &count
                   : strcmp(argv[i], "--rewrites") == 0 ? &changes
                   : strcmp(argv[i], "--seed") == 0     ? &state
                                                        : NULL;
    char *end = NULL;
    if (to == NULL || i + 1 == argc || (*to = strtoull(argv[i + 1], &end, 10), *end != 0)) {
      fprintf(stderr, "usage: stress_relay [--operations N] [--rewrites N] [--seed N]\n");
      return 2;
    }
  }
  state = state != 0 ? state : 1; /* xorshift stays at 0 */
#ifdef __SANITIZE_THREAD__
  changes = 0;
#endif
  if (!hostile_begin(&h)) {
    return 1;
  }
  const bool is_well = descriptors(&h, count) && rewrites(&h, changes);
  printf("%llu calls, %llu of them refused; %llu with a payload that changed\n",
         (unsigned long long)(h.context[0].count.calls + h.context[1].count.calls),
         (unsigned long long)(h.context[0].count.refused + h.context[1].count.refused),
         (unsigned long long)changes);
  return hostile_end(&h) && is_well ? 0 : 1;
}
