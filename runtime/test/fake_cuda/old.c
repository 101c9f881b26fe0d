/* old.c - a driver that is too old: libcuda.so.1 with one entry point of the table and no more.
 *
 * Next: ../test_cuda_backend.c, "old". */
#include "fake_cuda.h"

unsigned cuInit(unsigned flags)
{
  (void)flags;
  return 0;
}
