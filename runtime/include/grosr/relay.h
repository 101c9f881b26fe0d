/* relay.h - what ops may ask of the host: files, by calls that a *mediator* thread carries out.
 *
 *   options.relay = 1;                                     before grosr_open
 *   struct grosr_grant grant;
 *   grosr_grant_init(&grant);                              nothing
 *   grant.calls = GROSR_CALLS_READ;
 *   grant.root = "/data/input";                            paths begin there, and end there
 *   grant.region[0] = (struct grosr_region){host, device, bytes};      of grosr_shared_take
 *   grant.regions = 1;
 *   grosr_relay_grant(g, context, &grant);
 *
 * An op then asks by gr_call, gr_call_post or gr_call_then_team (device/relay.h). By default a
 * context may ask for nothing, and is told so. What it is granted it keeps until it is closed.
 *
 * What is not granted is refused with -EPERM, memory outside of its regions with -EFAULT; a path
 * is resolved beneath the root by openat2(2): no .., no absolute path, no symbolic link, no other
 * file system, no device. Handles are a context's own, and old ones are told from new ones.
 *
 * Next: ../../host/relay.c, then ../../shared/relay.h. */
#pragma once

#include <grosr/grosr.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bits of grant.calls: 1 << enum gr_call_kind (shared/relay.h). */
#define GROSR_CALL_NULL     (1u << 0)
#define GROSR_CALL_OPEN     (1u << 1)
#define GROSR_CALL_CLOSE    (1u << 2)
#define GROSR_CALL_READ     (1u << 3)
#define GROSR_CALL_WRITE    (1u << 4)
#define GROSR_CALL_STAT     (1u << 5)
#define GROSR_CALL_TRUNCATE (1u << 6)
#define GROSR_CALL_SYNC     (1u << 7)
#define GROSR_CALL_UNLINK   (1u << 8)
#define GROSR_CALL_LOG      (1u << 9)
#define GROSR_CALLS_READ                                                                           \
  (GROSR_CALL_NULL | GROSR_CALL_OPEN | GROSR_CALL_CLOSE | GROSR_CALL_READ | GROSR_CALL_STAT)
#define GROSR_CALLS_ALL 0x3ffu

#define GROSR_REGIONS_MAX 8u

/* Memory that calls of a context may name: as grosr_shared_take gave it. */
struct grosr_region {
  void *host;
  uint64_t device;
  uint64_t bytes;
};

struct grosr_grant {
  uint32_t calls;     /* GROSR_CALL_* */
  uint32_t may_write; /* 1: files beneath the root may be made, written and unlinked */
  const char *root;   /* a folder; NULL: no paths */
  uint32_t handles;   /* open at once, 1 to 256; 0: 256 */
  int log;            /* descriptor for log calls, which stays the caller's; -1: they are dropped */
  uint32_t regions;
  struct grosr_region region[GROSR_REGIONS_MAX];
};
/* Nothing is granted. */
void grosr_grant_init(struct grosr_grant *grant);

/* What a context may ask for, from now on and until it is closed.
 *   -EINVAL  no such context, a bit that is none, too many handles or regions, or options.relay was
 *            not set;  -EEXIST  it was granted something already;  -ENOENT, -ENOTDIR, ...  the root
 *            cannot be opened;  -ENOMEM;  -EAGAIN  the device does not read its control ring */
int grosr_relay_grant(struct grosr *g, uint32_t context, const struct grosr_grant *grant);

/* Counts since grosr_open. */
struct grosr_relay_stats {
  uint64_t calls;     /* answered */
  uint64_t refused;   /* of these, not carried out: not granted, not valid */
  uint64_t batches;   /* looks that found calls: calls / batches is what one look found */
  uint64_t sleeps;    /* times that the mediator went to sleep or napped */
  uint64_t cpu_ns;    /* of its thread */
  uint64_t continued; /* answers by a task, for which no team waited */
  uint64_t confined;  /* 1: the mediator's thread can make no system calls but those it needs */
};
/* -EINVAL: a null pointer, or options.relay was not set. */
int grosr_relay_stats(struct grosr *g, struct grosr_relay_stats *stats);

#ifdef __cplusplus
}
#endif
