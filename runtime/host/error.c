/* error.c - the calling thread's last failure (error.h), and names for error numbers. Next: api.c.
 */
#include "host/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "include/grosr/grosr.h"

static _Thread_local char last_sentence[512];

int gr_error_set(int error, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(last_sentence, sizeof last_sentence, format, arguments);
  va_end(arguments);
  return error;
}

const char *grosr_last_error(void)
{
  return last_sentence;
}

const char *grosr_strerror(int error)
{
  const char *name = error >= 0 ? "no error" : error > -4096 ? strerrordesc_np(-error) : NULL;
  return name != NULL ? name : "an error code of the op's own";
}
