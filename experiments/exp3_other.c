/* exp3_other.c - whether the adapter of the variant `other` has a side for the CPU.
 *
 * Next: exp3_variants.c */
#include "exp3_variants.h"

#include "exp3_calls.h"

#ifdef EXP3_OTHER_CUDA_ONLY
const int exp3_other_is_on_cpu = 0;
#else
const int exp3_other_is_on_cpu = 1;
#endif
