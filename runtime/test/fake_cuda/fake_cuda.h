/* fake_cuda.h - a test double of libcuda.so.1: the entry points of cuda_driver.h, on CPU threads.
 *
 * Built as libcuda.so.1 into the test folder and found by LD_LIBRARY_PATH, so that the CUDA
 * backend's host code runs whole and unchanged where there is no GPU. A launched kernel
 * "grosr_kernel_X" is the CPU entry of the program's own grosr_image_X, one thread per team; a
 * launcher is a thread that runs the program's own grosr_kernels_test, block by block. It
 * proves the host's logic, error paths and cleaning up; it says nothing of a GPU. Not a device that
 * a user can choose. Copies and memsets are carried out only at the second query of their stream.
 *
 * Stricter than a driver: what follows ends the program with a message, each shown to do so by
 * test_cuda_double.c (H: hazards of ../shared/anchors/dispatch.md, section 4):
 *   H1   a launch while modules load lazily (as CUDA_MODULE_LOADING said at cuInit), while nobody
 *        has asked how they load, or of a kernel that was not touched before
 *   H2   a call that could wait for a resident kernel, while there is one: memory, modules,
 *        streams, memsets, everything that synchronises; the NULL stream, a stream that waits for
 *        it; a copy from or to memory that is not page-locked; memory, modules, streams after the
 *        first launch; giving back memory whose copy is never done
 *   H3   (an error, not the end) more blocks than fit at once; a GPU without cooperative launch
 *   H4   a second kernel beside the resident one, but for the launchers of a set of kernels
 *   H6   a launch on a GPU that has a time limit
 *   H17  work behind the resident kernel, on its stream
 * and pointers: null, foreign, stale, of another context, given back twice; a call without a
 * context, contexts pushed and never popped, one destroyed that is current in a thread.
 *
 * Environment, read at every call:
 *   FAKE_CUDA_FAIL=symbol[@n[+]]:code,...  every call of symbol, or its n-th, or from the n-th on,
 *                                       answers code; "any" is every symbol. The call does nothing,
 *                                       but what gives back does its work if a kernel's failure is
 *                                       answered: a driver answers that at any later call
 *   FAKE_CUDA_DEVICES=n                 devices (1)
 *   FAKE_CUDA_MEMORY_MIB=n              memory of a device (1024, the next one 2048, ...)
 *   FAKE_CUDA_VERSION=n                 of the driver (13000)
 *   FAKE_CUDA_ATTRIBUTES=id=value,...   device attributes other than an H200's
 *   FAKE_CUDA_STALL=1                   copies are never done
 *   FAKE_CUDA_DESTROY=wait              destroying a context waits for its kernel (else it ends it)
 *
 * Private to fake_cuda/; the folder is compiled with hidden visibility, so that only what is marked
 * FAKE_CUDA_PUBLIC can be seen from outside. Any thread.
 *
 * Next: driver.c (devices, contexts), module.c, memory.c (memory, streams), launch.c (kernels),
 * graph.c (graphs, launchers), absent.c (what is only checked), fault.c (faults on demand),
 * objects.c (what is alive). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/cuda_driver.h"
#include "shared/dev.h"
#include "shared/image.h"

#define FAKE_CUDA_PUBLIC __attribute__((visibility("default")))
#define MULTIPROCESSORS  4

struct kernel_run;   /* launch.c */
struct launcher_run; /* graph.c */
struct CUctx_st {
  struct kernel_run *run; /* resident, or ended and not yet cleaned up; launch.c */
  struct launcher_run *launcher[GR_LAUNCHERS]; /* the same; graph.c */
  int device;
  gr_au32 pushed;     /* times it is on some thread's stack */
  gr_au32 launches;   /* so far */
  bool is_mode_asked; /* whether modules are loaded eagerly */
  bool is_spoiled;    /* popping it was made to fail: it stays on a stack */
};
struct CUfunc_st {
  const struct grosr_image *image; /* NULL: not looked up yet, or of the next */
  const struct grosr_kernel *kernel;
  unsigned launcher; /* 1 + which, or 0 */
  bool is_touched;
  int shared_bytes_max;
};
struct CUmod_st {
  struct CUctx_st *context;
  struct CUfunc_st function; /* an image has one */
  struct CUfunc_st more[GR_KERNELS_MAX + GR_LAUNCHERS]; /* a set of kernels has these */
};
struct CUstream_st {
  struct CUctx_st *context;
  struct kernel_run *run; /* the kernel that this stream waits for; launch.c */
  struct launcher_run *launcher; /* the same; graph.c */
  void *to;               /* a copy or memset that is not carried out yet */
  const void *from;
  size_t bytes;
  unsigned char value;
  unsigned queries;
};

/* ---- for the program that tests ---- */
/* How many objects are alive (0 after a clean close); each is printed. */
FAKE_CUDA_PUBLIC int fake_cuda_live(void);
/* Sets the counts of calls and faults to 0, empties the calling thread's stack of contexts, and
 * ends contexts that a fault has kept from being destroyed; no device is open. */
FAKE_CUDA_PUBLIC void fake_cuda_reset(void);
/* Calls of `symbol` ("any": of all), and faults that FAKE_CUDA_FAIL has caused, since then. */
FAKE_CUDA_PUBLIC unsigned fake_cuda_calls(const char *symbol);
FAKE_CUDA_PUBLIC unsigned fake_cuda_faults(void);
/* How many contexts the calling thread has on its stack. */
FAKE_CUDA_PUBLIC unsigned fake_cuda_depth(void);
/* From now on calls of `symbol` do not return, until it is called again with another or NULL. */
FAKE_CUDA_PUBLIC void fake_cuda_hang(const char *symbol);

/* Declares each entry point with the prototype that the table has, so the two cannot differ. */
#define DECLARE(field, symbol, arguments) FAKE_CUDA_PUBLIC unsigned symbol arguments;
GR_CUDA_FUNCTIONS(DECLARE)
#undef DECLARE

/* ---- fault.c ---- */
/* Says what the caller did wrong, and ends the program. */
void wrong(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
int number_of(const char *variable, int otherwise);
/* The code that this call of `symbol` is to answer, or 0; returns late if it is to hang. */
unsigned fault(const char *symbol);

/* ---- objects.c ---- */

enum object_kind {
  CONTEXT,
  MODULE,
  STREAM,
  DEVICE_MEMORY,
  HOST_MEMORY,
  REGISTERED,
  GRAPH,
  GRAPH_EXEC,
  KIND_COUNT
};
void object_add(enum object_kind kind, void *pointer, size_t bytes);
bool object_remove(enum object_kind kind, const void *pointer);
bool object_holds(enum object_kind kind, const void *pointer, size_t bytes);
/* The same, made in the calling thread's context. */
bool object_is_ours(enum object_kind kind, const void *pointer, size_t bytes);
bool object_overlaps(enum object_kind kind, const void *pointer, size_t bytes);
/* Device memory taken on `device`. */
size_t objects_bytes(int device);
/* One of a kind, or NULL. */
void *object_any(enum object_kind kind);
/* A context goes: what was made in it goes with it. */
void objects_end(const struct CUctx_st *context);
/* Memory goes: as with a driver, what was to be copied from or to it is over before. */
void memory_settle(const char *first);

/* ---- driver.c ---- */
/* The calling thread's context, or NULL. */
struct CUctx_st *current(void);
/* Empties the thread's stack and destroys every context. */
void contexts_forget(void);
/* How modules load was decided by cuInit. */
bool is_loading_eager(void);
bool device_attribute(int device, unsigned attribute, int *value);
void pointer_check(const char *symbol, const void *out);

/* Every entry point begins so: faults, the driver's state, the caller's context, hazards. QUIET: no
 * kernel is resident in it; BOOT: nor was ever one. */
enum need { NEED_NOTHING, NEED_INIT, NEED_CONTEXT, NEED_QUIET, NEED_BOOT };
unsigned enter(const char *symbol, enum need need);
/* For what gives back: answers a kernel's failure through *late, and 0, for the work is done. */
unsigned enter_late(const char *symbol, enum need need, unsigned *late);
#define ENTER(symbol, need)                                                                        \
  do {                                                                                             \
    const unsigned code_ = enter(#symbol, need);                                                   \
    if (code_ != 0) {                                                                              \
      return code_;                                                                                \
    }                                                                                              \
  } while (0)
#define ENTER_LATE(symbol, need)                                                                   \
  unsigned late = 0;                                                                               \
  const unsigned code_ = enter_late(#symbol, need, &late);                                         \
  if (code_ != 0) {                                                                                \
    return code_;                                                                                  \
  }

/* ---- module.c ---- */
void function_check(const struct CUfunc_st *function);

/* ---- memory.c ---- */
void stream_check(const struct CUstream_st *stream);

/* ---- graph.c ---- */
/* Whether no launcher is resident there. */
bool launchers_are_over(const struct CUctx_st *context);
bool launcher_is_over(const struct CUstream_st *stream);
/* Ends the context's launchers where they are, or waits for them, and frees them. */
void launchers_end(struct CUctx_st *context, bool must_wait);

/* ---- launch.c ---- */
/* What must have been done before a kernel may become resident. */
void boot_check(const struct CUfunc_st *function, const struct CUstream_st *stream);
/* No kernel is resident in the context; none that the stream waits for. */
bool context_is_quiet(const struct CUctx_st *context);
bool stream_is_quiet(const struct CUstream_st *stream);
/* Waits for the context's kernel, or ends its threads where they are, and frees it. */
void context_end(struct CUctx_st *context, bool must_wait);
