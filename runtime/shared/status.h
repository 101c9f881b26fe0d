/* status.h - what the device answers: the result of an op and the state of the run.
 *
 * Values are negative errno numbers, so that a result crosses the boundary and reaches the caller
 * of grosr_wait unchanged; an op may return any int32_t, negative means failed. Three kinds
 * (style.md, F): busy (AGAIN, expected), operating (tested by the caller), broken (gr_assert).
 *
 * Next: task.h (what is asked). */
#pragma once

/* Linux errno values, written out because device code has no <errno.h>. A test holds them equal. */
enum gr_status {
  GR_OK = 0,
  GR_E_NOENT = -2,      /* no such op */
  GR_E_AGAIN = -11,     /* full or busy: try again */
  GR_E_NOMEM = -12,     /* out of join slots */
  GR_E_ACCES = -13,     /* a capability without this right, or another context's */
  GR_E_FAULT = -14,     /* a pointer that is not from the context's arena */
  GR_E_BUSY = -16,      /* a graph's instance runs already; a channel's side is in use */
  GR_E_INVAL = -22,     /* an argument is out of range */
  GR_E_PIPE = -32,      /* a channel was closed */
  GR_E_MSGSIZE = -90,   /* a message is longer than its channel's */
  GR_E_TIMEOUT = -110,  /* a bound was reached */
  GR_E_STALE = -116,    /* a capability was revoked, or never was */
  GR_E_DQUOT = -122,    /* the arena's quota */
  GR_E_CANCELED = -125, /* cancelled before it started */
};

/* Why gr_assert stopped the microkernel; the black box prints the name. */
enum gr_fault_code {
  GR_FAULT_NONE = 0,
  GR_FAULT_ASSERT = 1, /* an invariant named at the line does not hold */
  GR_FAULT_ABI = 2,    /* the image's device code was built from other headers than the library */
  GR_FAULT_CODE_COUNT = 3
};
