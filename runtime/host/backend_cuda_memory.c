/* backend_cuda_memory.c - memory that host and GPU share, memory of the GPU's own, and copies.
 *
 * Called by api.c through backend.h: take and write before the first launch (write also between
 * two), read at any time, from any thread. Nothing is allocated once the microkernel runs, for the
 * driver may wait for it to end (H2).
 *
 * Host memory that the device addresses is mapped and then registered, not taken from the driver:
 * it outlives a context that had to be destroyed, so nobody who waits on a completion word is left
 * with an address that is gone. Copies go through one page-locked buffer, on a stream of their own,
 * and are waited for by asking, not inside the driver: a GPU that is stuck costs two seconds and an
 * error.
 *
 * Next: backend_cuda_end.c. */
#include "host/backend_cuda.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "port/port.h"

unsigned gr_cuda_drain(struct gr_backend *backend, struct CUstream_st *stream, uint64_t ns_max)
{
  const uint64_t start = gr_clock_ns();
  for (;;) {
    const unsigned result = backend->cuda->StreamQuery(stream);
    const uint64_t waited = gr_clock_ns() - start;
    if (result != GR_CU_NOT_READY || waited >= ns_max) {
      return result;
    }
    gr_nap(waited < 100000u ? 1000u : 100000u);
  }
}

int gr_cuda_take_shared(struct gr_backend *backend, uint64_t bytes, struct gr_piece *piece)
{
  unsigned long long device = 0;
  void *host =
      mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (host == MAP_FAILED) {
    return gr_error_set(-ENOMEM,
                        "no %llu bytes of host memory; free some, or ask for smaller sizes",
                        (unsigned long long)bytes);
  }
  unsigned result =
      backend->cuda->MemHostRegister(host, bytes, GR_CU_HOST_PORTABLE | GR_CU_HOST_DEVICEMAP);
  if (result != GR_CU_SUCCESS) {
    munmap(host, bytes);
    return gr_cuda_error(result, "page-locking host memory (ulimit -l?)");
  }
  result = backend->cuda->MemHostGetDevicePointer(&device, host, 0u);
  if (result != GR_CU_SUCCESS) {
    backend->cuda->MemHostUnregister(host);
    munmap(host, bytes);
    return gr_cuda_error(result, "mapping host memory for the GPU");
  }
  piece->host = host;
  piece->device = device;
  piece->bytes = bytes;
  return 0;
}

/* 0, or the sentence for what gr_cuda_drain has answered. */
static int gr_cuda_drained(struct gr_backend *backend, struct CUstream_st *stream)
{
  const unsigned result = gr_cuda_drain(backend, stream, GR_CUDA_COPY_NS);
  if (result == GR_CU_NOT_READY) {
    return gr_error_set(-ETIMEDOUT, "cuda:%d did not answer within 2 s; dmesg may say why (NVRM)",
                        backend->index);
  }
  return result == GR_CU_SUCCESS ? 0 : gr_cuda_error(result, "waiting for the GPU");
}

/* `piece` is filled as soon as there is something to give back: close does that, since giving back
 * what is still being zeroed would wait for a GPU that does not answer. */
static int gr_cuda_take_device(struct gr_backend *backend, uint64_t bytes, struct gr_piece *piece)
{
  unsigned long long device = 0;
  unsigned result = backend->cuda->MemAlloc(&device, bytes);
  if (result != GR_CU_SUCCESS) {
    return gr_cuda_error(result, "taking GPU memory");
  }
  piece->host = NULL;
  piece->device = device;
  piece->bytes = bytes;
  result = backend->cuda->MemsetD8Async(device, 0u, bytes, backend->launch_stream);
  return result != GR_CU_SUCCESS ? gr_cuda_error(result, "zeroing GPU memory")
                                 : gr_cuda_drained(backend, backend->launch_stream);
}

static void gr_cuda_give(struct gr_backend *backend, struct gr_piece *piece, bool has_context)
{
  if (piece->host != NULL) {
    if (has_context) {
      backend->cuda->MemHostUnregister(piece->host);
    }
    munmap(piece->host, piece->bytes);
  } else if (piece->device != 0u && has_context) {
    backend->cuda->MemFree(piece->device);
  }
}

void gr_cuda_give_all(struct gr_backend *backend, bool has_context)
{
  for (uint32_t i = 0; i < backend->piece_count; i++) {
    gr_cuda_give(backend, &backend->pieces[i], has_context);
  }
  gr_cuda_give(backend, &backend->bounce, has_context);
}

int gr_cuda_take(struct gr_backend *backend, enum gr_memory_kind kind, uint64_t bytes,
                 struct gr_piece *out)
{
  if (backend->piece_count == GR_CUDA_PIECES_MAX) {
    return gr_error_set(-ENOMEM, "more than %u pieces of memory: raise GR_CUDA_PIECES_MAX",
                        GR_CUDA_PIECES_MAX);
  }
  int status = gr_cuda_enter(backend);
  if (status != 0) {
    return status;
  }
  struct gr_piece *piece = &backend->pieces[backend->piece_count];
  status = kind == GR_MEMORY_SHARED ? gr_cuda_take_shared(backend, bytes, piece)
                                    : gr_cuda_take_device(backend, bytes, piece);
  if (piece->bytes != 0u) {
    backend->piece_count++;
  }
  status = gr_cuda_leave(backend, status);
  if (status == 0) {
    *out = *piece;
  }
  return status;
}

/* One piece of a copy, through the page-locked buffer; a copy from or to ordinary memory would wait
 * inside the driver. Under copy_lock. A copy that came too late leaves the buffer in use: the next
 * one waits for it first. */
static int gr_cuda_copy_part(struct gr_backend *backend, uint64_t device, void *to,
                             const void *from, uint64_t bytes)
{
  int status = gr_cuda_drained(backend, backend->copy_stream);
  if (status != 0) {
    return status;
  }
  unsigned result;
  if (from != NULL) {
    memcpy(backend->bounce.host, from, bytes);
    result =
        backend->cuda->MemcpyHtoDAsync(device, backend->bounce.host, bytes, backend->copy_stream);
  } else {
    result =
        backend->cuda->MemcpyDtoHAsync(backend->bounce.host, device, bytes, backend->copy_stream);
  }
  if (result != GR_CU_SUCCESS) {
    return gr_cuda_error(result, "copying between host and GPU");
  }
  status = gr_cuda_drained(backend, backend->copy_stream);
  if (status == 0 && to != NULL) {
    memcpy(to, backend->bounce.host, bytes);
  }
  return status;
}

static int gr_cuda_copy(struct gr_backend *backend, uint64_t device, void *to, const void *from,
                        uint64_t bytes)
{
  pthread_mutex_lock(&backend->copy_lock);
  int status = gr_cuda_enter(backend);
  if (status == 0) {
    for (uint64_t done = 0; done < bytes && status == 0; done += GR_CUDA_BOUNCE_BYTES) {
      const uint64_t left = bytes - done;
      status = gr_cuda_copy_part(backend, device + done, to != NULL ? (char *)to + done : NULL,
                                 from != NULL ? (const char *)from + done : NULL,
                                 left < GR_CUDA_BOUNCE_BYTES ? left : GR_CUDA_BOUNCE_BYTES);
    }
    status = gr_cuda_leave(backend, status);
  }
  pthread_mutex_unlock(&backend->copy_lock);
  return status;
}

int gr_cuda_write(struct gr_backend *backend, uint64_t device, const void *from, uint64_t bytes)
{
  return gr_cuda_copy(backend, device, NULL, from, bytes);
}

int gr_cuda_read(struct gr_backend *backend, uint64_t device, void *to, uint64_t bytes)
{
  return gr_cuda_copy(backend, device, to, NULL, bytes);
}
