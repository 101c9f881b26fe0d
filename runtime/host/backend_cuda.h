/* backend_cuda.h - what the four files of the CUDA backend share: the open device.
 *
 * Private to backend_cuda.c (open, launch), backend_cuda_memory.c (memory, copies),
 * backend_cuda_launch.c (kernels that tasks launch) and backend_cuda_end.c (kill, close).
 *
 * Next: backend_cuda.c. */
#pragma once

#include <pthread.h>

#include "host/backend.h"
#include "host/cuda_driver.h"
#include "host/error.h"

/* A copy, or zeroing memory, takes micro- or milliseconds; a GPU that needs longer is lost. */
#define GR_CUDA_COPY_NS      2000000000u
#define GR_CUDA_BOUNCE_BYTES 65536u
#define GR_CUDA_PIECES_MAX   64u

struct gr_backend {
  const struct gr_cuda_driver *cuda;
  const struct grosr_image *image;
  int index;
  int device;
  uint32_t multiprocessors;
  uint32_t shared_bytes_max; /* of one block */
  int registers;             /* of the kernel, a lane */
  int lanes_max;             /* that the kernel was compiled for (GR_IMAGE_LANES_MAX) */
  /* Held for reading by whoever calls the driver, for writing by who takes the context away. */
  pthread_rwlock_t context_lock;
  struct CUctx_st *context; /* NULL: destroyed, or not yet made */
  struct CUmod_st *module;
  struct CUfunc_st *kernel;
  struct CUstream_st *launch_stream;
  struct CUstream_st *copy_stream;
  pthread_mutex_t copy_lock; /* of copy_stream and bounce */
  struct gr_piece bounce;    /* page-locked, for copies from and to ordinary memory */
  struct gr_piece pieces[GR_CUDA_PIECES_MAX];
  uint32_t piece_count;
  struct gr_cuda_kernels *kernels; /* backend_cuda_launch.c; NULL: none */
  struct gr_backend *next_stuck;
  bool is_stuck; /* kill has failed: the device may still touch everything */
};

/* Makes our context the calling thread's, until gr_cuda_leave, which puts the thread's own back and
 * answers `status`, or, where that is no failure, why it could not be put back. */
int gr_cuda_enter(struct gr_backend *backend);
int gr_cuda_leave(struct gr_backend *backend, int status);

/* ---- backend_cuda_memory.c ---- */
/* Waits until all work of a stream is done, never longer than ns_max and never inside the driver.
 * The driver's answer: GR_CU_SUCCESS, GR_CU_NOT_READY (time is over), or why it failed. */
unsigned gr_cuda_drain(struct gr_backend *backend, struct CUstream_st *stream, uint64_t ns_max);
/* Page-locked memory that both sides address; the context is entered. */
int gr_cuda_take_shared(struct gr_backend *backend, uint64_t bytes, struct gr_piece *piece);
/* Gives all memory back. has_context: it is entered; else the context is gone, and its part with
 * it. */
void gr_cuda_give_all(struct gr_backend *backend, bool has_context);
int gr_cuda_take(struct gr_backend *backend, enum gr_memory_kind kind, uint64_t bytes,
                 struct gr_piece *out);
int gr_cuda_write(struct gr_backend *backend, uint64_t device, const void *from, uint64_t bytes);
int gr_cuda_read(struct gr_backend *backend, uint64_t device, void *to, uint64_t bytes);

/* ---- backend_cuda_launch.c ---- */
int gr_cuda_kernels_open(struct gr_backend *backend, const struct gr_kernels_of *of);
int gr_cuda_kernels_start(struct gr_backend *backend);
int gr_cuda_kernels_end(struct gr_backend *backend, uint64_t patience_ns);
/* Within ns_max for each launcher; the context is entered. */
bool gr_cuda_kernels_have_ended(struct gr_backend *backend, uint64_t ns_max);
/* Nothing of it runs any more. */
void gr_cuda_kernels_close(struct gr_backend *backend, bool has_context);

/* ---- backend_cuda_end.c ---- */
/* Whether a context of this process could not be destroyed. */
bool gr_cuda_is_stuck(void);
int gr_cuda_kill(struct gr_backend *backend);
void gr_cuda_close(struct gr_backend *backend);
