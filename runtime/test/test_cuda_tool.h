/* test_cuda_tool.h - what the test programs of device "cuda" share.
 *
 * test_cuda_backend.c is the life of a device and main, with test_cuda_refuse.c, what must not
 * open; test_cuda_faults.c and test_cuda_corners.c are programs of their own. Each case names
 * itself in cuda_tool.step; a check that fails prints itself with that name and the last sentence
 * of grosr_last_error(), is counted, and the case goes on. One thread.
 *
 * Next: test_cuda_tool.c. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include "include/grosr/grosr.h"

GROSR_IMAGE(cudatest);

struct cuda_tool {
  const char *step; /* what is tested now */
  int failures;
  /* Of the fake driver (fake_cuda.h); NULL until it is found. */
  int (*fake_live)(void);
  void (*fake_reset)(void);
  unsigned (*fake_calls)(const char *symbol);
  unsigned (*fake_faults)(void);
  unsigned (*fake_depth)(void);
  void (*fake_hang)(const char *symbol);
};
extern struct cuda_tool cuda_tool;

#define CHECK(condition)                                                                           \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      fprintf(stderr, "%s:%d: %s: %s does not hold; last sentence: %s\n", __FILE__, __LINE__,      \
              cuda_tool.step, #condition, grosr_last_error());                                     \
      cuda_tool.failures++;                                                                        \
    }                                                                                              \
  } while (0)

/* Opens the driver and finds the fake's own functions; false, with a message: it is no fake. */
bool cuda_tool_find(void);
/* A small device "cuda" with the image cudatest. */
void cuda_tool_options(struct grosr_options *options);

/* ---- test_cuda_wrap.c ---- */
struct cuda_wrap {
  atomic_bool fails_calloc, fails_mmap, fails_thread; /* the next one, of any thread */
  atomic_int mapped;                                  /* mmap, less munmap */
};
extern struct cuda_wrap cuda_wrap;

/* ---- test_cuda_refuse.c ---- */
/* Opening must fail with `error` and a sentence that has `words`, and leave nothing alive. */
void refuse(const char *name, const char *device, int error, const char *words);
void test_driver_refuses(void);
void test_device_refuses(void);
void test_shapes(void);
/* Each call that opening makes fails once, at its first, second, ... time. */
void test_each_call_fails(void);
