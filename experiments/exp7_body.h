/* exp7_body.h - what is heavy in exp7: the same work for an op of tiles and for a kernel of blocks.
 *
 * A *part* is a tile or a block. `triad` reads two arrays and writes a third, which are longer than
 * caches; `fma` multiplies and adds in registers, and writes one number for each lane's eight
 * chains. Both end in numbers that are exact, fused or not, and depend on the salt.
 *
 *   argument  what
 *   0         three arrays of EXP7_ELEMENTS doubles, one after the other: a, b, c
 *   1         triad: elements of a part; fma: turns of each chain
 *   2         salt; above 32 bits the factor 1, which the compiler does not know
 *
 * Next: exp7_image.c, exp7_kernels.c */
#pragma once

#include <stdint.h>

#include "port/port.h"

#define EXP7_ELEMENTS  (1u << 21)
#define EXP7_PARTS     1024u
#define EXP7_CHAINS    8u
#define EXP7_NUMBERS   256u /* that a part of fma writes */
#define EXP7_SALT(arg) ((uint32_t)(arg))
#define EXP7_ONE(arg)  ((uint32_t)((arg) >> 32))

/* What lies in b and c; `triad` puts b + salt * c into a. */
#define EXP7_B(i) ((double)(i))
#define EXP7_C(i) ((double)((i) % 7u + 1u))
/* What `fma` puts into number i of a, as floats. */
#define EXP7_FMA(i, turns, salt) ((float)((i) % EXP7_NUMBERS) + (float)(turns) * (float)(salt))

GR_DEV void exp7_triad(double *a, uint64_t elements, uint64_t arg, uint64_t part, uint32_t lane,
                       uint32_t lanes)
{
  const double salt = (double)EXP7_SALT(arg);
  const double *b = a + EXP7_ELEMENTS, *c = b + EXP7_ELEMENTS;
  for (uint64_t i = part * elements + lane; i < (part + 1u) * elements; i += lanes) {
    a[i] = b[i] + salt * c[i];
  }
}

GR_DEV void exp7_fma(float *a, uint64_t turns, uint64_t arg, uint64_t part, uint32_t lane,
                     uint32_t lanes)
{
  const float salt = (float)EXP7_SALT(arg), one = (float)EXP7_ONE(arg);
  for (uint32_t i = lane * EXP7_CHAINS; i < EXP7_NUMBERS; i += lanes * EXP7_CHAINS) {
    float x[EXP7_CHAINS];
    for (uint32_t k = 0u; k < EXP7_CHAINS; k++) {
      x[k] = (float)(i + k);
    }
    for (uint64_t n = 0u; n < turns; n++) {
      for (uint32_t k = 0u; k < EXP7_CHAINS; k++) {
        x[k] = x[k] * one + salt;
      }
    }
    for (uint32_t k = 0u; k < EXP7_CHAINS; k++) {
      a[part * EXP7_NUMBERS + i + k] = x[k];
    }
  }
}
