/* test_cuda_layout.c - prints the layout of everything in shared/ as static_asserts.
 *
 * Built by the C compiler, run by check_layout, whose nvcc compiles what it prints: a size or an
 * offset on which the two compilers differ stops there, with its name. Next: check_layout. */
#include <stddef.h>
#include <stdio.h>

#include "shared/dev.h"

#define SIZE(type)                                                                                 \
  printf("static_assert(sizeof(%s) == %zu && alignof(%s) == %zu, \"%s\");\n", #type, sizeof(type), \
         #type, _Alignof(type), #type);
#define FIELD(type, field)                                                                         \
  printf("static_assert(offsetof(%s, %s) == %zu, \"%s.%s\");\n", #type, #field,                    \
         offsetof(type, field), #type, #field);

int main(void)
{
  puts("#include <stddef.h>\n#include \"shared/dev.h\"");
  SIZE(gr_au32)
  SIZE(gr_au64)
  SIZE(struct gr_task)
  SIZE(struct gr_chunk)
  SIZE(struct gr_line)
  SIZE(struct gr_fault)
  SIZE(struct gr_boundary)
  SIZE(struct gr_team_record)
  SIZE(struct gr_mailbox)
  SIZE(struct gr_runq)
  SIZE(struct gr_join)
  SIZE(struct gr_tiles)
  SIZE(struct gr_node)
  SIZE(struct gr_event)
  SIZE(struct gr_wait)
  SIZE(struct gr_graph)
  SIZE(struct gr_dev)
  FIELD(struct gr_task, arg)
  FIELD(struct gr_task, op)
  FIELD(struct gr_task, done)
  FIELD(struct gr_task, generation)
  FIELD(struct gr_task, tiles)
  FIELD(struct gr_chunk, tag)
  FIELD(struct gr_chunk, half)
  FIELD(struct gr_fault, code)
  FIELD(struct gr_fault, argument)
  FIELD(struct gr_boundary, ingress_head)
  FIELD(struct gr_boundary, control_head)
  FIELD(struct gr_boundary, ready)
  FIELD(struct gr_boundary, resting)
  FIELD(struct gr_boundary, fault)
  FIELD(struct gr_boundary, control)
  FIELD(struct gr_team_record, now)
  FIELD(struct gr_team_record, done)
  FIELD(struct gr_team_record, completed)
  FIELD(struct gr_team_record, submitted)
  FIELD(struct gr_team_record, incarnation)
  FIELD(struct gr_mailbox, asleep)
  FIELD(struct gr_runq, tail)
  FIELD(struct gr_runq, slot)
  FIELD(struct gr_join, then)
  FIELD(struct gr_tiles, next)
  FIELD(struct gr_tiles, left)
  FIELD(struct gr_tiles, task)
  FIELD(struct gr_node, task)
  FIELD(struct gr_graph, task)
  FIELD(struct gr_dev, teams)
  FIELD(struct gr_dev, scratch_bytes)
  FIELD(struct gr_dev, spin_ns)
  FIELD(struct gr_dev, boundary)
  FIELD(struct gr_dev, join)
  FIELD(struct gr_dev, run)
  FIELD(struct gr_dev, duty)
  FIELD(struct gr_dev, booted)
  FIELD(struct gr_dev, join_free)
  FIELD(struct gr_dev, queued)
  FIELD(struct gr_dev, idle)
  FIELD(struct gr_dev, runq)
  return 0;
}
