/* report_samples.c - the raw samples of a run, one click away: samples.csv as gzip in a link, so
 * that the page stays one file. gzip's time is left 0: the same samples are the same bytes. A file
 * that is too large for a page is named instead. See report_page.h. Next: report_caveats.c */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "report_page.h"
#include "store.h"

#define LINK_BYTES_MAX 1500000u /* of gzip; a third more in the page */
#define GZIP_WINDOW    31       /* zlib's largest, and a gzip head */

static void write_base64(FILE *out, const unsigned char *bytes, size_t count)
{
  static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < count; i += 3) {
    const unsigned b = i + 1 < count ? bytes[i + 1] : 0u;
    const unsigned c = i + 2 < count ? bytes[i + 2] : 0u;
    const unsigned all = (unsigned)bytes[i] << 16 | b << 8 | c;
    fputc(digit[all >> 18], out);
    fputc(digit[all >> 12 & 63u], out);
    fputc(i + 1 < count ? digit[all >> 6 & 63u] : '=', out);
    fputc(i + 2 < count ? digit[all & 63u] : '=', out);
  }
}

/* The text as gzip, to be freed; NULL: out of memory, or too large. */
static unsigned char *squeeze(const char *text, size_t bytes, size_t *count)
{
  z_stream stream = {0};
  unsigned char *made = malloc(LINK_BYTES_MAX);
  if (made == NULL || deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 9,
                                   Z_DEFAULT_STRATEGY) != Z_OK) {
    free(made);
    return NULL;
  }
  stream.next_in = (unsigned char *)(uintptr_t)text;
  stream.avail_in = (uInt)bytes;
  stream.next_out = made;
  stream.avail_out = LINK_BYTES_MAX;
  const int result = deflate(&stream, Z_FINISH);
  *count = LINK_BYTES_MAX - stream.avail_out;
  deflateEnd(&stream);
  if (result == Z_STREAM_END)
    return made;
  free(made);
  return NULL;
}

void hx_report_samples(FILE *out, const struct hx_data_run *run)
{
  size_t bytes = 0;
  size_t count = 0;
  if (!run->samples_known) {
    fputs("; its samples were not kept", out);
    return;
  }
  char *text = hx_store_read(run->samples_path, &bytes);
  const size_t name_bytes = strlen(run->samples_path);
  const bool is_gzip = name_bytes > 3 && strcmp(run->samples_path + name_bytes - 3, ".gz") == 0;
  unsigned char *made =
      text == NULL || is_gzip || bytes > UINT32_MAX ? NULL : squeeze(text, bytes, &count);
  const unsigned char *shown = made;
  if (is_gzip && text != NULL && bytes <= LINK_BYTES_MAX) {
    shown = (const unsigned char *)text;
    count = bytes;
  }
  if (shown == NULL) {
    fputs("; all samples are in <code>", out);
    hx_report_text(out, run->samples_path);
    fputs("</code>", out);
  } else {
    fputs("; <a download=\"", out);
    hx_report_text(out, run->experiment);
    fputs("-samples.csv.gz\" href=\"data:application/gzip;base64,", out);
    write_base64(out, shown, count);
    fputs("\">save every sample</a> (samples.csv, as gzip)", out);
  }
  free(made);
  free(text);
}
