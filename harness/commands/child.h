/* child.h - runs an experiment as a child process and hands signals on to it.
 *
 * SIGINT from a terminal reaches the child by itself (same process group); SIGINT or SIGTERM that
 * another process sent to grosr alone is passed on. grosr then waits for the child to finish its
 * files, and runs nothing more. If grosr dies, the child gets SIGTERM.
 * One child at a time, main thread only.
 *
 * Next: hx.h */
#pragma once
#ifndef HX_PRIVATE
#error "child.h is private to harness/: include hx.h"
#endif
#include <stddef.h>

enum hx_child_output {
  HX_CHILD_SHOW = 0, /* stdout is grosr's */
  HX_CHILD_HIDE,     /* stdout is dropped */
  HX_CHILD_KEEP,     /* stdout is returned as text */
  HX_CHILD_KEEP_ALL, /* stdout and stderr are, as they come */
  HX_CHILD_OUTPUT_COUNT
};

struct hx_child {
  const char *path;
  char *const *argv; /* ends with NULL */
  enum hx_child_output output;
  char *text;     /* allocated; set for HX_CHILD_KEEP and KEEP_ALL */
  int exit_code;  /* of the child; 128 + signal if one ended it */
  int end_signal; /* 0: it exited by itself */
};

/* 0 when the child was started and has ended; else negative errno. */
int hx_child_run(struct hx_child *child);
int hx_child_signal(void); /* the signal that grosr got; 0: none */
