/* test_cuda_wrap.c - the system's calls, as the backend sees them in test_cuda_faults and _corners.
 *
 * The linker leads calls of the program's own objects here (--wrap), not those of libraries:
 * calloc, mmap and pthread_create fail once when they are told to, and what is mapped is counted,
 * which no sanitizer does.
 *
 * Next: fake_cuda/fake_cuda.h. */
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

#include "test_cuda_tool.h"

struct cuda_wrap cuda_wrap;

static bool take_fault(atomic_bool *fault)
{
  return atomic_exchange(fault, false);
}

void *__real_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes)
{
  return take_fault(&cuda_wrap.fails_calloc) ? NULL : __real_calloc(count, bytes);
}

void *__real_mmap(void *at, size_t bytes, int protection, int flags, int file, off_t offset);
void *__wrap_mmap(void *at, size_t bytes, int protection, int flags, int file, off_t offset);
void *__wrap_mmap(void *at, size_t bytes, int protection, int flags, int file, off_t offset)
{
  if (take_fault(&cuda_wrap.fails_mmap)) {
    return MAP_FAILED;
  }
  atomic_fetch_add(&cuda_wrap.mapped, 1);
  return __real_mmap(at, bytes, protection, flags, file, offset);
}

/* The name that mmap has with 64-bit offsets. */
void *__wrap_mmap64(void *at, size_t bytes, int protection, int flags, int file, off_t offset);
void *__wrap_mmap64(void *at, size_t bytes, int protection, int flags, int file, off_t offset)
{
  return __wrap_mmap(at, bytes, protection, flags, file, offset);
}

int __real_munmap(void *at, size_t bytes);
int __wrap_munmap(void *at, size_t bytes);
int __wrap_munmap(void *at, size_t bytes)
{
  atomic_fetch_sub(&cuda_wrap.mapped, 1);
  return __real_munmap(at, bytes);
}

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *argument)
{
  return take_fault(&cuda_wrap.fails_thread)
             ? EAGAIN
             : __real_pthread_create(thread, attributes, start, argument);
}
