/* fit.h - makes runs that have every point which the claims on one device ask for.
 *
 * Called by test_ledger.c. Next: fit.c */
#pragma once
#include "claims.h"

struct fit_device {
  const char *device; /* "cuda:0" */
  const char *text;   /* its description */
};

/* A run in FOLDER for each experiment that has claims on the device. `failing`: the variant all
 * whose points failed; NULL: none. */
void fit_claims(const struct hx_claims *claims, const char *folder, const struct fit_device *on,
                const char *failing);
