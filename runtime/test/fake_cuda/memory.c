/* memory.c - the fake driver's device memory, registered host memory, streams and copies.
 *
 * Device memory is host memory, filled with a pattern since nobody promises zeros. A copy or memset
 * is only noted in its stream; cuStreamQuery carries it out at the second time of asking, so that a
 * caller who does not wait is found out, and FAKE_CUDA_STALL=1 keeps it from ever being done. A
 * stream has at most one such command, which is all that the backend needs.
 *
 * Next: launch.c. */
#include <stdlib.h>
#include <string.h>

#include "fake_cuda.h"

/* ---- memory ---- */
unsigned cuMemAlloc_v2(unsigned long long *device, size_t bytes)
{
  ENTER(cuMemAlloc_v2, NEED_BOOT);
  pointer_check("cuMemAlloc", device);
  if (bytes == 0) {
    return GR_CU_INVALID_VALUE;
  }
  const int index = current()->device;
  const size_t most = (size_t)number_of("FAKE_CUDA_MEMORY_MIB", 1024 * (1 + index)) << 20;
  void *memory = NULL;
  if (bytes <= most - objects_bytes(index)) {
    memory = aligned_alloc(512, (bytes + 511u) / 512u * 512u);
  }
  if (memory == NULL) {
    return GR_CU_OUT_OF_MEMORY;
  }
  memset(memory, 0xa5, bytes); /* not zero: nobody promises that */
  object_add(DEVICE_MEMORY, memory, bytes);
  *device = (uintptr_t)memory;
  return 0;
}

unsigned cuMemFree_v2(unsigned long long device)
{
  void *memory = (void *)(uintptr_t)device;
  ENTER_LATE(cuMemFree_v2, NEED_QUIET);
  if (!object_is_ours(DEVICE_MEMORY, memory, 1)) {
    wrong("cuMemFree of something else");
  }
  memory_settle(memory);
  if (!object_remove(DEVICE_MEMORY, memory)) {
    wrong("cuMemFree inside a block");
  }
  free(memory);
  return late;
}

unsigned cuMemHostRegister_v2(void *host, size_t bytes, unsigned flags)
{
  ENTER(cuMemHostRegister_v2, NEED_BOOT);
  pointer_check("cuMemHostRegister", host);
  if (object_overlaps(REGISTERED, host, bytes) || bytes == 0) {
    return bytes == 0 ? GR_CU_INVALID_VALUE : GR_CU_MEMORY_REGISTERED;
  }
  if (flags != (GR_CU_HOST_PORTABLE | GR_CU_HOST_DEVICEMAP) || (uintptr_t)host % 4096u != 0) {
    wrong("cuMemHostRegister: flags or alignment");
  }
  object_add(REGISTERED, host, bytes);
  return 0;
}

unsigned cuMemHostUnregister(void *host)
{
  ENTER_LATE(cuMemHostUnregister, NEED_QUIET);
  memory_settle(host);
  if (!object_remove(REGISTERED, host)) {
    wrong("cuMemHostUnregister of something else");
  }
  return late;
}

unsigned cuMemHostGetDevicePointer_v2(unsigned long long *device, void *host, unsigned flags)
{
  ENTER(cuMemHostGetDevicePointer_v2, NEED_CONTEXT);
  if (flags != 0 || !object_holds(REGISTERED, host, 1)) {
    return GR_CU_INVALID_VALUE;
  }
  *device = (uintptr_t)host;
  return 0;
}

/* ---- streams ---- */
unsigned cuStreamCreate(struct CUstream_st **stream, unsigned flags)
{
  ENTER(cuStreamCreate, NEED_BOOT);
  pointer_check("cuStreamCreate", stream);
  if (flags != GR_CU_STREAM_NON_BLOCKING) {
    wrong("a stream that waits for the NULL stream");
  }
  struct CUstream_st *made = calloc(1, sizeof *made);
  made->context = current();
  object_add(STREAM, made, sizeof *made);
  *stream = made;
  return 0;
}

unsigned cuStreamDestroy_v2(struct CUstream_st *stream)
{
  ENTER_LATE(cuStreamDestroy_v2, NEED_QUIET);
  stream_check(stream);
  object_remove(STREAM, stream);
  free(stream);
  return late;
}

void stream_check(const struct CUstream_st *stream)
{
  if (stream == NULL) {
    wrong("the NULL stream, which waits for the resident kernel (H2)");
  }
  if (!object_holds(STREAM, stream, sizeof *stream)) {
    wrong("no stream");
  }
  if (stream->context != current()) {
    wrong("a stream of another context");
  }
}

/* As a copy engine does, while teams write: each aligned 64-bit word in one piece. */
static void copy_words(void *to, const void *from, size_t bytes)
{
  const size_t words = (uintptr_t)to % 8u == 0 && (uintptr_t)from % 8u == 0 ? bytes / 8u : 0;
  for (size_t i = 0; i < words; i++) {
    gr_store_release_gpu_u64((gr_au64 *)to + i, gr_load_acquire_gpu_u64((const gr_au64 *)from + i));
  }
  memcpy((char *)to + words * 8u, (const char *)from + words * 8u, bytes - words * 8u);
}

unsigned cuStreamQuery(struct CUstream_st *stream)
{
  ENTER(cuStreamQuery, NEED_CONTEXT);
  stream_check(stream);
  if (!stream_is_quiet(stream)) {
    return GR_CU_NOT_READY;
  }
  if (stream->bytes != 0) {
    if (++stream->queries < 2 || number_of("FAKE_CUDA_STALL", 0) != 0) {
      return GR_CU_NOT_READY;
    }
    if (stream->from != NULL) {
      copy_words(stream->to, stream->from, stream->bytes);
    } else {
      memset(stream->to, stream->value, stream->bytes);
    }
    stream->bytes = 0;
  }
  return 0;
}

static unsigned stream_add(struct CUstream_st *stream, void *to, const void *from, size_t bytes)
{
  stream_check(stream);
  if (!stream_is_quiet(stream)) {
    wrong("a copy behind the resident kernel, on its stream (H17)");
  }
  if (stream->bytes != 0) {
    wrong("a second copy before the first was waited for");
  }
  stream->to = to;
  stream->from = from;
  stream->bytes = bytes;
  stream->queries = 0;
  return 0;
}

unsigned cuMemsetD8Async(unsigned long long device, unsigned char value, size_t bytes,
                         struct CUstream_st *stream)
{
  ENTER(cuMemsetD8Async, NEED_QUIET);
  if (!object_is_ours(DEVICE_MEMORY, (void *)(uintptr_t)device, bytes)) {
    return GR_CU_INVALID_VALUE;
  }
  const unsigned code = stream_add(stream, (void *)(uintptr_t)device, NULL, bytes);
  stream->value = value;
  return code;
}

unsigned cuMemcpyHtoDAsync_v2(unsigned long long to, const void *from, size_t bytes,
                              struct CUstream_st *stream)
{
  ENTER(cuMemcpyHtoDAsync_v2, NEED_CONTEXT);
  if (!object_is_ours(DEVICE_MEMORY, (void *)(uintptr_t)to, bytes)) {
    return GR_CU_INVALID_VALUE;
  }
  if (!object_holds(REGISTERED, from, bytes)) {
    wrong("an asynchronous copy from memory that is not page-locked waits (H2)");
  }
  return stream_add(stream, (void *)(uintptr_t)to, from, bytes);
}

unsigned cuMemcpyDtoHAsync_v2(void *to, unsigned long long from, size_t bytes,
                              struct CUstream_st *stream)
{
  ENTER(cuMemcpyDtoHAsync_v2, NEED_CONTEXT);
  if (!object_is_ours(DEVICE_MEMORY, (void *)(uintptr_t)from, bytes)) {
    return GR_CU_INVALID_VALUE;
  }
  if (!object_holds(REGISTERED, to, bytes)) {
    wrong("an asynchronous copy to memory that is not page-locked waits (H2)");
  }
  return stream_add(stream, to, (const void *)(uintptr_t)from, bytes);
}
