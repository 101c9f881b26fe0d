/* backend_cuda_end.c - the end of a device: the clean one, and the one of an op that never returns.
 *
 * Called by api.c through backend.h: kill when teams have not left in time, close last. A GPU has
 * no way to stop one kernel from outside but to destroy its context, and the driver may wait for
 * the kernel when that is asked. So kill does it on a thread of its own, and waits GR_CUDA_KILL_NS
 * for it. If it has not come back by then, or could not be done, everything the device may touch
 * stays as it is until the process ends, and no other device "cuda" is opened in it before the
 * context is gone, since the driver may hold its locks.
 *
 * Next: ../port/port_cuda.h. */
#include "host/backend_cuda.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "port/port.h"

/* For the driver to destroy a context whose kernel does not end; also for calls in progress to
 * return. */
#define GR_CUDA_KILL_NS 2000000000u

/* Contexts that kill was asked to destroy and that are not destroyed, in the whole process. Written
 * by kill and its threads. */
static atomic_int gr_cuda_stuck;

bool gr_cuda_is_stuck(void)
{
  return atomic_load(&gr_cuda_stuck) != 0;
}

struct gr_cuda_teardown {
  const struct gr_cuda_driver *cuda;
  struct CUctx_st *context;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool is_done;
  bool is_gone;      /* is_done: the context is */
  bool is_abandoned; /* nobody waits any more: the thread frees this */
};

static void gr_cuda_teardown_free(struct gr_cuda_teardown *teardown)
{
  pthread_cond_destroy(&teardown->changed);
  pthread_mutex_destroy(&teardown->lock);
  free(teardown);
}

static void *gr_cuda_teardown_main(void *argument)
{
  struct gr_cuda_teardown *teardown = argument;
  const unsigned result = teardown->cuda->CtxDestroy(teardown->context);
  const bool is_gone = result == GR_CU_SUCCESS || gr_cuda_is_kernel_failure(result);
  if (is_gone) {
    atomic_fetch_sub(&gr_cuda_stuck, 1);
  }
  pthread_mutex_lock(&teardown->lock);
  teardown->is_done = true;
  teardown->is_gone = is_gone;
  const bool is_mine = teardown->is_abandoned;
  pthread_cond_signal(&teardown->changed);
  pthread_mutex_unlock(&teardown->lock);
  if (is_mine) {
    gr_cuda_teardown_free(teardown);
  }
  return NULL;
}

static struct timespec gr_cuda_deadline(clockid_t clock, uint64_t ns)
{
  struct timespec limit;
  clock_gettime(clock, &limit);
  const uint64_t sum = (uint64_t)limit.tv_nsec + ns;
  limit.tv_sec += (time_t)(sum / 1000000000u);
  limit.tv_nsec = (long)(sum % 1000000000u);
  return limit;
}

/* Whether the context is gone. `teardown` is the thread's if that has not come back, else freed. */
static bool gr_cuda_teardown_wait(struct gr_cuda_teardown *teardown)
{
  const struct timespec limit = gr_cuda_deadline(CLOCK_MONOTONIC, GR_CUDA_KILL_NS);
  pthread_mutex_lock(&teardown->lock);
  while (!teardown->is_done &&
         pthread_cond_timedwait(&teardown->changed, &teardown->lock, &limit) != ETIMEDOUT) {
  }
  const bool is_done = teardown->is_done;
  const bool is_gone = is_done && teardown->is_gone;
  teardown->is_abandoned = !is_done;
  pthread_mutex_unlock(&teardown->lock);
  if (is_done) {
    gr_cuda_teardown_free(teardown);
  }
  return is_gone;
}

static struct gr_cuda_teardown *gr_cuda_teardown_new(const struct gr_backend *backend)
{
  struct gr_cuda_teardown *teardown = calloc(1, sizeof *teardown);
  if (teardown != NULL) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&teardown->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&teardown->lock, NULL);
    teardown->cuda = backend->cuda;
  }
  return teardown;
}

/* Takes the context from the backend: from now on every call on it fails. NULL: a call of another
 * thread has not come back from the driver. */
static struct CUctx_st *gr_cuda_context_take(struct gr_backend *backend)
{
  const struct timespec limit = gr_cuda_deadline(CLOCK_REALTIME, GR_CUDA_KILL_NS);
  if (pthread_rwlock_timedwrlock(&backend->context_lock, &limit) != 0) {
    return NULL;
  }
  struct CUctx_st *context = backend->context;
  backend->context = NULL;
  pthread_rwlock_unlock(&backend->context_lock);
  return context;
}

int gr_cuda_kill(struct gr_backend *backend)
{
  struct gr_cuda_teardown *teardown = gr_cuda_teardown_new(backend);
  pthread_t thread;
  bool is_gone = false;
  atomic_fetch_add(&gr_cuda_stuck, 1); /* until it is destroyed */
  if (teardown != NULL) {
    teardown->context = gr_cuda_context_take(backend);
    if (teardown->context != NULL &&
        pthread_create(&thread, NULL, gr_cuda_teardown_main, teardown) == 0) {
      pthread_detach(thread);
      is_gone = gr_cuda_teardown_wait(teardown);
    } else {
      gr_cuda_teardown_free(teardown);
    }
  }
  backend->is_stuck = !is_gone;
  return is_gone ? 0
                 : gr_error_set(-ETIMEDOUT,
                                "the GPU does not give up an op that never ends; end the "
                                "process to free cuda:%d",
                                backend->index);
}

static bool gr_cuda_is_over(struct gr_backend *backend, struct CUstream_st *stream)
{
  return stream == NULL || gr_cuda_drain(backend, stream, GR_CUDA_KILL_NS) != GR_CU_NOT_READY;
}

/* Whether the microkernel and the last copy have ended, or do within a moment; what has failed has.
 * Giving back memory would wait for them inside the driver. */
static bool gr_cuda_has_ended(struct gr_backend *backend)
{
  if (gr_cuda_enter(backend) != 0) {
    return false;
  }
  const bool has_ended = gr_cuda_is_over(backend, backend->launch_stream) &&
                         gr_cuda_is_over(backend, backend->copy_stream) &&
                         gr_cuda_kernels_have_ended(backend, GR_CUDA_KILL_NS);
  gr_cuda_leave(backend, 0);
  return has_ended;
}

/* Teams may still touch all of it: it is the process's until its end, and stays reachable. */
static void gr_cuda_keep(struct gr_backend *backend)
{
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static struct gr_backend *kept;
  pthread_mutex_lock(&lock);
  backend->next_stuck = kept;
  kept = backend;
  pthread_mutex_unlock(&lock);
}

/* Called when nobody else uses the backend any more; leaves the caller's last sentence alone. */
void gr_cuda_close(struct gr_backend *backend)
{
  const struct gr_cuda_driver *cuda = backend->cuda;
  if (!backend->is_stuck && backend->context != NULL && !gr_cuda_has_ended(backend)) {
    gr_cuda_kill(backend);
  }
  if (backend->is_stuck) {
    gr_cuda_keep(backend);
    return;
  }
  const bool has_context = backend->context != NULL && gr_cuda_enter(backend) == 0;
  gr_cuda_kernels_close(backend, has_context);
  gr_cuda_give_all(backend, has_context);
  if (has_context) {
    if (backend->copy_stream != NULL) {
      cuda->StreamDestroy(backend->copy_stream);
    }
    if (backend->launch_stream != NULL) {
      cuda->StreamDestroy(backend->launch_stream);
    }
    if (backend->module != NULL) {
      cuda->ModuleUnload(backend->module);
    }
    gr_cuda_leave(backend, 0);
  }
  if (backend->context != NULL) {
    cuda->CtxDestroy(backend->context);
  }
  pthread_rwlock_destroy(&backend->context_lock);
  pthread_mutex_destroy(&backend->copy_lock);
  free(backend);
}
