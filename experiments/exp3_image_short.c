/* exp3_image_short.c - the ops of exp3 that ask for rates alone, for ways of allocating, and for
 * allocators with a part left out (exp8_memory.c), that need no others: a whole image takes a GPU's
 * compiler a minute. EXP3_IMAGE and EXP3_CALLS as in exp3_image.c.
 *
 * Next: exp3_device.c */
#include "exp3_ops.h"

#define EXP3_MAKE(name) GR_IMAGE(name, EXP3_OPS_SHORT)
EXP3_MAKE(EXP3_IMAGE)
