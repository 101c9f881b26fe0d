/* fake_cuda.h - a test double of libcuda.so.1: the entry points of cuda_driver.h, on CPU threads.
 *
 * Built as libcuda.so.1 into the test folder and found by LD_LIBRARY_PATH, so that the CUDA
 * backend's host code runs whole and unchanged where there is no GPU. A launched kernel
 * "grosr_kernel_X" is the CPU entry of the program's own grosr_image_X, one thread per team. It
 * proves the host's logic, error paths and cleaning up; it says nothing of a GPU. Not a device that
 * a user can choose. Stricter than a driver: a call that could wait for a resident kernel, made
 * while there is one, and anything on the NULL stream, ends the program with a message (hazards H1,
 * H2). Copies and memsets are carried out only at the second query of their stream.
 *
 * Environment, read at every call:
 *   FAKE_CUDA_FAIL=symbol[@n]:code,...  the (n-th) call of symbol answers code and does nothing
 *   FAKE_CUDA_DEVICES=n                 devices (1)
 *   FAKE_CUDA_VERSION=n                 of the driver (13000)
 *   FAKE_CUDA_ATTRIBUTES=id=value,...   device attributes other than an H200's
 *   FAKE_CUDA_STALL=1                   copies are never done
 *   FAKE_CUDA_DESTROY=wait              destroying a context waits for its kernel (else it ends it)
 *
 * Private to fake_cuda/; the folder is compiled with hidden visibility, so that only what is marked
 * FAKE_CUDA_PUBLIC can be seen from outside. Any thread.
 *
 * Next: driver.c (devices, contexts, modules), memory.c (memory, streams), launch.c (kernels),
 * objects.c (what is alive, faults). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/cuda_driver.h"
#include "shared/dev.h"
#include "shared/image.h"

#define FAKE_CUDA_PUBLIC __attribute__((visibility("default")))
#define MULTIPROCESSORS  4

struct kernel_run; /* launch.c */
struct CUctx_st {
  struct kernel_run *run; /* resident, or ended and not yet cleaned up */
};
struct CUmod_st {
  struct CUctx_st *context;
};
struct CUfunc_st {
  const struct grosr_image *image;
  char name[64];
};
struct CUstream_st {
  struct CUctx_st *context;
  struct kernel_run *run; /* the kernel that this stream waits for */
  void *to;               /* a copy or memset that is not carried out yet */
  const void *from;
  size_t bytes;
  unsigned char value;
  unsigned queries;
};

/* ---- for the program that tests ---- */
/* How many objects are alive (0 after a clean close); each is printed. */
FAKE_CUDA_PUBLIC int fake_cuda_live(void);
/* Sets the call counts of FAKE_CUDA_FAIL's @n to 0. */
FAKE_CUDA_PUBLIC void fake_cuda_reset(void);

/* Declares each entry point with the prototype that the table has, so the two cannot differ. */
#define DECLARE(field, symbol, arguments) FAKE_CUDA_PUBLIC unsigned symbol arguments;
GR_CUDA_FUNCTIONS(DECLARE)
#undef DECLARE

/* ---- objects.c ---- */
/* Says what the caller did wrong, and ends the program. */
void wrong(const char *what);
int number_of(const char *variable, int otherwise);
/* The code that this call of `symbol` is to answer, or 0. */
unsigned fault(const char *symbol);

enum object_kind { CONTEXT, MODULE, STREAM, DEVICE_MEMORY, HOST_MEMORY, REGISTERED, KIND_COUNT };
void object_add(enum object_kind kind, void *pointer, size_t bytes);
bool object_remove(enum object_kind kind, const void *pointer);
bool object_holds(enum object_kind kind, const void *pointer, size_t bytes);
/* A context goes: what was made in it goes with it. */
void objects_end(const struct CUctx_st *context);
/* Memory goes: as with a driver, what was to be copied from or to it is over before. */
void memory_settle(const char *first);

/* ---- driver.c ---- */
/* The calling thread's context, or NULL. */
struct CUctx_st *current(void);

/* Every entry point begins so: faults, the driver's state, the caller's context, hazards. */
enum need { NEED_NOTHING, NEED_INIT, NEED_CONTEXT, NEED_QUIET };
unsigned enter(const char *symbol, enum need need);
#define ENTER(symbol, need)                                                                        \
  do {                                                                                             \
    const unsigned code_ = enter(#symbol, need);                                                   \
    if (code_ != 0) {                                                                              \
      return code_;                                                                                \
    }                                                                                              \
  } while (0)

/* ---- memory.c ---- */
void stream_check(const struct CUstream_st *stream);

/* ---- launch.c ---- */
bool run_is_over(const struct kernel_run *run);
/* Ends the run's threads where they are, so that run_free does not wait for them. */
void run_cancel(struct kernel_run *run);
void run_free(struct kernel_run *run);
