/* exp8.h - what the ops of exp8 and their host share. Next: exp8_image.c */
#pragma once

#include <stdint.h>

#define EXP8_CHILDREN 64u    /* of one fork */
#define EXP8_WORK_NS  20000u /* of a task of load `work` */

/* Arguments of an op `add`, in the task or, for `add_far`, in memory: out[0] = a + b * c. */
#define EXP8_ADD(out, a, b, c) (out)[0] = (a) + (b) * (c)
#define EXP8_FACTOR            2654435761u
