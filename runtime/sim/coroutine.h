/* coroutine.h - a stack of its own for each participant of a simulation.
 *
 * Made by ucontext, switched by sigsetjmp and siglongjmp, which makes no system call (the technique
 * of QEMU's util/coroutine-ucontext.c). AddressSanitizer is told of every switch. One OS thread.
 *
 * Next: coroutine.c. */
#pragma once

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>

struct gr_coroutine {
  sigjmp_buf here; /* where it stands while another runs */
  void (*entry)(void *argument);
  void *argument;
  void *stack; /* NULL: the OS thread's own, or never made */
  size_t stack_bytes;
  void *fake_stack; /* AddressSanitizer's */
  bool is_new;      /* stands before its entry */
};

/* Gives a stack to `c`, once; reused by every gr_coroutine_start. 0 or -ENOMEM. */
int gr_coroutine_open(struct gr_coroutine *c, size_t stack_bytes);
void gr_coroutine_close(struct gr_coroutine *c);
/* Makes `c` stand before entry(argument), whatever it was doing. `entry` must not return. */
void gr_coroutine_start(struct gr_coroutine *c, void (*entry)(void *), void *argument);
/* Leaves `from`, which is the one that runs, for `to`; returns when somebody switches to `from`. */
void gr_coroutine_switch(struct gr_coroutine *from, struct gr_coroutine *to);
