/* exp0_image.c - the image of exp0: the add and mul ops of workloads/addmul.
 *
 * Compiled by the C compiler for the CPU and by nvcc for GPUs. Next:
 * ../workloads/addmul/addmul_ops.h */
#include "workloads/addmul/addmul_ops.h"

#define EXP0_OPS(OP) OP(add) OP(mul)
GR_IMAGE(exp0, EXP0_OPS)
