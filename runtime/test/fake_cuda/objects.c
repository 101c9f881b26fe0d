/* objects.c - faults on demand, and the book of what is alive in the fake driver.
 *
 * Every entry point asks fault() first, by way of enter(): it counts the call and answers what
 * FAKE_CUDA_FAIL says of it. What an entry point makes is written into one table, with the context
 * that was current; what it is given is looked up there, so a stale or foreign pointer is noticed
 * where it is used and a leak when fake_cuda_live() is asked. One mutex, never held by a caller.
 *
 * Next: ../test_cuda_backend.c, which asks. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_cuda.h"

#define OBJECTS_MAX 256

static const char *const kind_names[] = {"context",       "module",      "stream",
                                         "device memory", "host memory", "registered memory"};
static struct object {
  enum object_kind kind;
  void *pointer;
  size_t bytes;
  struct CUctx_st *context;
} objects[OBJECTS_MAX]; /* under lock */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void wrong(const char *what)
{
  fprintf(stderr, "fake_cuda: %s\n", what);
  abort();
}

int number_of(const char *variable, int otherwise)
{
  const char *text = getenv(variable);
  return text != NULL ? atoi(text) : otherwise;
}

/* ---- faults on demand ---- */
struct call_count {
  char symbol[64];
  unsigned calls;
};
static struct call_count counts[96]; /* under lock */

void fake_cuda_reset(void)
{
  pthread_mutex_lock(&lock);
  memset(counts, 0, sizeof counts);
  pthread_mutex_unlock(&lock);
}

static unsigned count_call(const char *symbol)
{
  pthread_mutex_lock(&lock);
  struct call_count *count = counts;
  while (count->symbol[0] != '\0' && strcmp(count->symbol, symbol) != 0) {
    count++;
  }
  snprintf(count->symbol, sizeof count->symbol, "%s", symbol);
  const unsigned calls = ++count->calls;
  pthread_mutex_unlock(&lock);
  return calls;
}

unsigned fault(const char *symbol)
{
  const unsigned calls = count_call(symbol);
  const char *entry = getenv("FAKE_CUDA_FAIL");
  while (entry != NULL && *entry != '\0') {
    char name[64];
    unsigned nth = 0, code = 0;
    if ((sscanf(entry, "%63[A-Za-z0-9_]@%u:%u", name, &nth, &code) == 3 ||
         sscanf(entry, "%63[A-Za-z0-9_]:%u", name, &code) == 2) &&
        strcmp(name, symbol) == 0 && (nth == 0 || nth == calls)) {
      return code;
    }
    entry = strchr(entry, ',');
    entry = entry != NULL ? entry + 1 : NULL;
  }
  return 0;
}

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

bool object_holds(enum object_kind kind, const void *pointer, size_t bytes)
{
  bool found = false;
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < OBJECTS_MAX && !found; i++) {
    const char *first = objects[i].pointer;
    found = first != NULL && objects[i].kind == kind && (const char *)pointer >= first &&
            (const char *)pointer + bytes <= first + objects[i].bytes;
  }
  pthread_mutex_unlock(&lock);
  return found;
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
      stream->bytes = 0;
    }
  }
  pthread_mutex_unlock(&lock);
}
