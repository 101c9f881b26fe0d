/* objects.c - the book of what is alive in the fake driver.
 *
 * What an entry point makes is written into one table, with the context that was current; what it
 * is given is looked up there, so a stale or foreign pointer is noticed where it is used and a leak
 * when fake_cuda_live() is asked. One mutex, never held by a caller.
 *
 * Next: fault.c. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_cuda.h"

#define OBJECTS_MAX 256

static const char *const kind_names[] = {"context",       "module",      "stream",
                                         "device memory", "host memory", "registered memory",
                                         "graph",         "graph, instantiated"};
static struct object {
  enum object_kind kind;
  void *pointer;
  size_t bytes;
  struct CUctx_st *context;
} objects[OBJECTS_MAX]; /* under lock */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- objects ---- */
void object_add(enum object_kind kind, void *pointer, size_t bytes)
{
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < OBJECTS_MAX; i++) {
    if (objects[i].pointer == NULL) {
      objects[i] = (struct object){kind, pointer, bytes, current()};
      pthread_mutex_unlock(&lock);
      return;
    }
  }
  wrong("more objects than expected");
}

bool object_remove(enum object_kind kind, const void *pointer)
{
  bool found = false;
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < OBJECTS_MAX && !found; i++) {
    found = objects[i].pointer == pointer && pointer != NULL && objects[i].kind == kind;
    if (found) {
      objects[i].pointer = NULL;
    }
  }
  pthread_mutex_unlock(&lock);
  return found;
}

static bool holds(enum object_kind kind, const void *pointer, size_t bytes,
                  const struct CUctx_st *context)
{
  bool found = false;
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < OBJECTS_MAX && !found; i++) {
    const char *first = objects[i].pointer;
    found = first != NULL && objects[i].kind == kind && (const char *)pointer >= first &&
            (const char *)pointer + bytes <= first + objects[i].bytes &&
            (context == NULL || context == objects[i].context);
  }
  pthread_mutex_unlock(&lock);
  return found;
}

bool object_holds(enum object_kind kind, const void *pointer, size_t bytes)
{
  return holds(kind, pointer, bytes, NULL);
}

bool object_is_ours(enum object_kind kind, const void *pointer, size_t bytes)
{
  return holds(kind, pointer, bytes, current());
}

bool object_overlaps(enum object_kind kind, const void *pointer, size_t bytes)
{
  bool found = false;
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < OBJECTS_MAX && !found; i++) {
    const char *first = objects[i].pointer;
    found = first != NULL && objects[i].kind == kind && (const char *)pointer + bytes > first &&
            (const char *)pointer < first + objects[i].bytes;
  }
  pthread_mutex_unlock(&lock);
  return found;
}

void *object_any(enum object_kind kind)
{
  void *any = NULL;
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < OBJECTS_MAX && any == NULL; i++) {
    any = objects[i].kind == kind ? objects[i].pointer : NULL;
  }
  pthread_mutex_unlock(&lock);
  return any;
}

size_t objects_bytes(int device)
{
  size_t bytes = 0;
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < OBJECTS_MAX; i++) {
    if (objects[i].pointer != NULL && objects[i].kind == DEVICE_MEMORY &&
        objects[i].context->device == device) {
      bytes += objects[i].bytes;
    }
  }
  pthread_mutex_unlock(&lock);
  return bytes;
}

void objects_end(const struct CUctx_st *context)
{
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < OBJECTS_MAX; i++) {
    if (objects[i].pointer != NULL && objects[i].context == context) {
      if (objects[i].kind != REGISTERED) {
        free(objects[i].pointer);
      }
      objects[i].pointer = NULL;
    }
  }
  pthread_mutex_unlock(&lock);
}

/* Where the block of memory begins in which `address` lies; under lock. */
static const char *block_of(const void *address)
{
  for (size_t i = 0; i < OBJECTS_MAX; i++) {
    const char *first = objects[i].pointer;
    if (first != NULL && (const char *)address >= first &&
        (const char *)address < first + objects[i].bytes) {
      return first;
    }
  }
  return NULL;
}

int fake_cuda_live(void)
{
  int live = 0;
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < OBJECTS_MAX; i++) {
    if (objects[i].pointer != NULL) {
      fprintf(stderr, "fake_cuda: alive: %s of %zu bytes\n", kind_names[objects[i].kind],
              objects[i].bytes);
      live++;
    }
  }
  pthread_mutex_unlock(&lock);
  return live;
}

void memory_settle(const char *first)
{
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < OBJECTS_MAX; i++) {
    struct CUstream_st *stream = objects[i].kind == STREAM ? objects[i].pointer : NULL;
    if (stream != NULL && stream->bytes != 0 &&
        (block_of(stream->to) == first || block_of(stream->from) == first)) {
      if (number_of("FAKE_CUDA_STALL", 0) != 0) {
        wrong("giving back memory that a copy is using, which is never done (H2)");
      }
      stream->bytes = 0;
    }
  }
  pthread_mutex_unlock(&lock);
}
