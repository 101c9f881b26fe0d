/* fault.c - faults on demand, counted calls, and how the fake driver ends who misuses it.
 *
 * Every entry point asks fault() first, by way of enter(): it counts the call and answers what
 * FAKE_CUDA_FAIL says of it. One mutex, never held by a caller.
 *
 * Next: ../test_cuda_faults.c, which makes every call fail. */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fake_cuda.h"

struct call_count {
  char symbol[64];
  unsigned calls;
};
static struct call_count counts[96]; /* under lock, as all here; entry 0 is "any" */
static unsigned faults;
static char hanging[64];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void wrong(const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  fputs("fake_cuda: ", stderr);
  vfprintf(stderr, format, arguments);
  fputs("\n", stderr);
  va_end(arguments);
  abort();
}

int number_of(const char *variable, int otherwise)
{
  const char *text = getenv(variable);
  return text != NULL ? atoi(text) : otherwise;
}

/* ---- for the program that tests ---- */
void fake_cuda_reset(void)
{
  pthread_mutex_lock(&lock);
  memset(counts, 0, sizeof counts);
  faults = 0;
  pthread_mutex_unlock(&lock);
  contexts_forget();
}

/* The count of a symbol, made if it is new; under lock. */
static struct call_count *count_of(const char *symbol)
{
  struct call_count *count = counts;
  while (count->symbol[0] != '\0' && strcmp(count->symbol, symbol) != 0) {
    count++;
  }
  snprintf(count->symbol, sizeof count->symbol, "%s", symbol);
  return count;
}

unsigned fake_cuda_calls(const char *symbol)
{
  pthread_mutex_lock(&lock);
  const unsigned calls = count_of(symbol)->calls;
  pthread_mutex_unlock(&lock);
  return calls;
}

unsigned fake_cuda_faults(void)
{
  pthread_mutex_lock(&lock);
  const unsigned count = faults;
  pthread_mutex_unlock(&lock);
  return count;
}

void fake_cuda_hang(const char *symbol)
{
  pthread_mutex_lock(&lock);
  snprintf(hanging, sizeof hanging, "%s", symbol != NULL ? symbol : "");
  pthread_mutex_unlock(&lock);
}

static bool is_hanging(const char *symbol)
{
  pthread_mutex_lock(&lock);
  const bool is = strcmp(hanging, symbol) == 0;
  pthread_mutex_unlock(&lock);
  return is;
}

/* ---- faults on demand ---- */
/* Whether an entry of FAKE_CUDA_FAIL means the `calls`-th call of `symbol`, or of all the `all`-th.
 * Its code is what follows the colon. */
static bool is_meant(const char *entry, const char *symbol, unsigned calls, unsigned all)
{
  char name[64], plus = ':';
  unsigned nth = 0;
  const int found = sscanf(entry, "%63[A-Za-z0-9_]@%u%c", name, &nth, &plus);
  const bool is_any = found >= 1 && strcmp(name, "any") == 0;
  const unsigned now = is_any ? all : calls;
  return found >= 1 && (is_any || strcmp(name, symbol) == 0) &&
         (nth == 0 || nth == now || (plus == '+' && now > nth));
}

unsigned fault(const char *symbol)
{
  unsigned code = 0;
  const char *entry = getenv("FAKE_CUDA_FAIL");
  pthread_mutex_lock(&lock);
  const unsigned all = ++count_of("any")->calls;
  const unsigned calls = ++count_of(symbol)->calls;
  while (entry != NULL && *entry != '\0' && code == 0) {
    const char *colon = strchr(entry, ':');
    if (colon != NULL && is_meant(entry, symbol, calls, all)) {
      code = (unsigned)atoi(colon + 1);
      faults++;
    }
    entry = strchr(entry, ',');
    entry = entry != NULL ? entry + 1 : NULL;
  }
  pthread_mutex_unlock(&lock);
  while (is_hanging(symbol)) {
    nanosleep(&(struct timespec){0, 1000000}, NULL);
  }
  return code;
}
