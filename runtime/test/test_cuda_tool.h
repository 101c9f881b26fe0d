/* test_cuda_tool.h - what the files of the program test_cuda_backend share.
 *
 * test_cuda_backend.c is the life of a device and main; test_cuda_refuse.c is what must not open.
 * Each case names itself in cuda_tool.step; a check that fails prints itself with that name and the
 * last sentence of grosr_last_error(), is counted, and the case goes on. One thread.
 *
 * Next: test_cuda_tool.c. */
#pragma once

#include <stdio.h>

#include "include/grosr/grosr.h"

GROSR_IMAGE(cudatest);

struct cuda_tool {
  const char *step; /* what is tested now */
  int failures;
  int (*fake_live)(void); /* of the fake driver; NULL until it is found */
  void (*fake_reset)(void);
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

/* A small device "cuda" with the image cudatest. */
void cuda_tool_options(struct grosr_options *options);

/* ---- test_cuda_refuse.c ---- */
/* Opening must fail with `error` and a sentence that has `words`, and leave nothing alive. */
void refuse(const char *name, const char *device, int error, const char *words);
void test_driver_refuses(void);
void test_device_refuses(void);
void test_shapes(void);
/* Each call that opening makes fails once, at its first, second, ... time. */
void test_each_call_fails(void);
