/* coroutine.c - see coroutine.h. Next: world.c */
#undef _FORTIFY_SOURCE /* its longjmp takes a jump to another stack for an error */
#include "sim/coroutine.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#include <pthread.h>
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define LEAVE(from, to) __sanitizer_start_switch_fiber(&(from)->fake_stack, bottom(to), size(to))
#define ARRIVE(c)       __sanitizer_finish_switch_fiber((c)->fake_stack, NULL, NULL)
static void *thread_stack; /* the OS thread's own */
static size_t thread_stack_bytes;
static const void *bottom(const struct gr_coroutine *c)
{
  pthread_attr_t attributes;
  if (thread_stack == NULL && pthread_getattr_np(pthread_self(), &attributes) == 0) {
    pthread_attr_getstack(&attributes, &thread_stack, &thread_stack_bytes);
    pthread_attr_destroy(&attributes);
  }
  return c->stack == NULL ? thread_stack : (char *)c->stack + sysconf(_SC_PAGESIZE);
}
static size_t size(const struct gr_coroutine *c)
{
  return c->stack == NULL ? thread_stack_bytes : c->stack_bytes;
}
/* What the last run left on the stack, in the middle of its functions, is no longer there. */
#define CLEAN(c) __asan_unpoison_memory_region((c)->stack, (c)->stack_bytes + sysconf(_SC_PAGESIZE))
#else
#define CLEAN(c)
#define LEAVE(from, to)
#define ARRIVE(c)
#endif

int gr_coroutine_open(struct gr_coroutine *c, size_t stack_bytes)
{
  const size_t guard_bytes = (size_t)sysconf(_SC_PAGESIZE);
  void *stack = mmap(NULL, stack_bytes + guard_bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (stack == MAP_FAILED) {
    return -ENOMEM;
  }
  mprotect(stack, guard_bytes, PROT_NONE);
  c->stack = stack;
  c->stack_bytes = stack_bytes;
  return 0;
}

void gr_coroutine_close(struct gr_coroutine *c)
{
  if (c->stack != NULL) {
    munmap(c->stack, c->stack_bytes + (size_t)sysconf(_SC_PAGESIZE));
    c->stack = NULL;
  }
}

/* makecontext passes ints: a pointer goes in two halves. */
static void trampoline(unsigned low, unsigned high)
{
  struct gr_coroutine *c = (struct gr_coroutine *)(uintptr_t)((uint64_t)high << 32 | (uint64_t)low);
  ARRIVE(c);
  c->entry(c->argument);
  __builtin_trap(); /* entry does not return */
}

void gr_coroutine_start(struct gr_coroutine *c, void (*entry)(void *), void *argument)
{
  c->entry = entry;
  c->argument = argument;
  c->fake_stack = NULL;
  c->is_new = true;
  CLEAN(c);
}

static void enter(struct gr_coroutine *c)
{
  static ucontext_t context; /* of no use once there: and this frame never returns */
  const uint64_t self = (uint64_t)(uintptr_t)c;
  c->is_new = false;
  getcontext(&context);
  context.uc_stack.ss_sp = (char *)c->stack + sysconf(_SC_PAGESIZE);
  context.uc_stack.ss_size = c->stack_bytes;
  context.uc_link = NULL;
  makecontext(&context, (void (*)(void))trampoline, 2, (unsigned)self, (unsigned)(self >> 32));
  setcontext(&context);
}

void gr_coroutine_switch(struct gr_coroutine *from, struct gr_coroutine *to)
{
  if (sigsetjmp(from->here, 0) == 0) {
    LEAVE(from, to);
    if (to->is_new) {
      enter(to);
    }
    siglongjmp(to->here, 1);
  }
  ARRIVE(from);
}
