/* relay.h - how the mediator carries out what it has copied: checks, handles, paths, files.
 *
 * Private to runtime/host. Called by the mediator's thread alone, but for the functions that say
 * any thread. Nothing here knows of rings or teams: a call comes in as a private copy
 * (shared/relay.h, R5), and an answer goes out. Results are >= 0 or -errno.
 *
 *   relay_check.c    is the call one that this context may make, of memory that is its own?
 *   relay_handle.c   a context's handles: index, generation, rights, descriptor
 *   relay_path.c     paths beneath the context's root, by openat2
 *   relay_file.c     the calls, by plain system calls ("inline")
 *   relay_confine.c  what system calls the thread may make at all
 *
 * Next: relay_check.c. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/relay.h"

#define GR_RELAY_REGIONS 8u   /* registered for one context */
#define GR_RELAY_HANDLES 256u /* open at once in one context */
#define GR_RELAY_PATH    1024u /* bytes of a path, at most */
#define GR_RELAY_BYTES   (1u << 30) /* of one read or write, at most */

/* Memory of a context that calls may name: where the device has it, and where the host has. */
struct gr_relay_region {
  uint64_t device, bytes;
  unsigned char *host;
};

struct gr_relay_handle {
  int fd;              /* -1: free */
  uint16_t generation; /* 1..0x7fff: a handle is never 0, and positive as an int32_t */
  uint8_t access;      /* GR_OPEN_READ, _WRITE, _BOTH */
  bool is_append;
  /* The first error (< 0) of a write that nobody waited for. Told once, by a sync or the close. */
  int32_t sticky;
};

/* What a context may do, and what it has. */
struct gr_relay_context {
  uint64_t calls;      /* bit per enum gr_call_kind; 0: nothing (the default) */
  bool may_write;      /* files beneath the root may be made, written and unlinked */
  int root;            /* descriptor of the folder that paths begin at; -1: no paths (-EACCES) */
  int32_t handles_max; /* open at once; set before any is */
  uint32_t regions;
  struct gr_relay_region region[GR_RELAY_REGIONS];
  struct gr_relay_handle handle[GR_RELAY_HANDLES];
  int log; /* descriptor that log calls are written to; -1: they are dropped, and counted */
  struct {
    uint64_t calls, refused, bytes_read, bytes_written, logs_dropped;
  } count;
};

void gr_relay_context_init(struct gr_relay_context *context);
/* Closes all its handles and its root, not its log: afterwards it is as after init. */
void gr_relay_context_fini(struct gr_relay_context *context);

/* ---- relay_check.c ---- */
/* The host's address of `bytes` from device address `address` on, if all of them lie in one region
 * of the context; else NULL. No bytes: any region's address, or its end. (gr_relay_check does not
 * ask where no bytes are: a read, write or log of none is fine.) */
unsigned char *gr_relay_memory(const struct gr_relay_context *context, uint64_t address,
                               uint64_t bytes);
/* Whether the copy may be carried out at all: 0, or -ENOSYS (no such call), -EPERM (not granted),
 * -EINVAL (flags, mode, offset, length), -EFAULT (memory that is not the context's). */
int gr_relay_check(const struct gr_relay_context *context, const struct gr_call *call);

/* ---- relay_handle.c ---- */
/* Whether one more may be open. */
bool gr_relay_handle_has_room(const struct gr_relay_context *context);
/* A handle for `fd`, which becomes the table's: > 0, or -EMFILE (fd is closed then). */
int gr_relay_handle_open(struct gr_relay_context *context, int fd, uint32_t mode);
/* The handle's entry, if it is open and this is its generation; else NULL: -EBADF. */
struct gr_relay_handle *gr_relay_handle_find(struct gr_relay_context *context, uint32_t handle);
/* 0, -EBADF, or the sticky error or else close(2)'s: it is closed all the same. */
int gr_relay_handle_close(struct gr_relay_context *context, uint32_t handle);

/* ---- relay_path.c ---- */
/* Opens beneath the context's root, as mode says: a descriptor, or -errno. Regular files and, to be
 * read, folders; no symbolic links, no other file systems, no devices, no FIFOs; nothing outside.
 * `path` is a private copy of `bytes` bytes, ended by the caller with 0. */
int gr_relay_path_open(const struct gr_relay_context *context, const char *path, uint32_t mode);
/* Takes a name away beneath the root, of whatever is no folder; follows no link. */
int gr_relay_path_unlink(const struct gr_relay_context *context, const char *path);

/* ---- relay_confine.c ---- */
/* The calling thread, from now on and for good, may make no system calls but those that the rest of
 * this header needs; others answer EPERM. Its signals are blocked. 0, or -errno and nothing has
 * changed but perhaps the signals: -EOPNOTSUPP: built without libseccomp, or simulated. */
int gr_relay_confine(void);

/* ---- relay_file.c ---- */
/* Checks and carries out one call. A log call writes 4096 bytes at most, and its result says how
 * many. */
int64_t gr_relay_carry_out(struct gr_relay_context *context, const struct gr_call *call);
