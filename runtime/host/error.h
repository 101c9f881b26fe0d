/* error.h - the calling thread's last failure, as one sentence with the remedy.
 *
 * Private to runtime/host; read by users through grosr_last_error(). Next: api.c. */
#pragma once

/* Stores a sentence and returns `error` (negative errno), so that failing is one line:
 *   return gr_error_set(-EINVAL, "teams is %u; use 1 to %u", teams, most); */
int gr_error_set(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));
