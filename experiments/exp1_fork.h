/* exp1_fork.h - recursive fork and join on one team or thread: a tree of tasks, forked from the
 * root until a task has one leaf, and joined again.
 *
 * A *forker* runs such a tree: a task of `count` leaves forks `fan` tasks of about as many leaves
 * each (no more than there are leaves), and has ended when they have. Leaf i does the body
 * (exp1_body.h), its result to word i. Who finds no room for a fork does its leaves itself, one
 * after the other; `alone` says how many leaves were done so, by an op and not by a task.
 *
 * Next: exp1_fork.c */
#pragma once

#include "exp1.h"

#define EXP1_FAN_MAX 64u /* tasks in an op's scratch */

struct exp1_tree {
  uint64_t leaves;
  uint64_t fan;
  uint64_t salt;
};

struct exp1_forker {
  /* And joins; 0 or negative. *ns: how long that took, if another clock than the host's says so. */
  int (*fork)(void *state, const struct exp1_tree *tree, uint64_t *ns);
  uint64_t (*alone)(void *state); /* NULL: none */
  void *state;
  const volatile uint64_t *out;
};

/* The leaves and fan that the point asks for. */
int exp1_tree_of(struct hx_point *point, struct exp1_tree *out);
/* Times forkers and checks every leaf: leaves_per_s. 0 or negative; the point has its reason. */
int exp1_fork_measure(struct hx_point *point, const struct exp1_forker *forker);
