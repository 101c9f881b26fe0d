/* sha256.c - see sha256.h; the hash itself is nettle's. Next: provenance.c */
#include "sha256.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <stdio.h>

static void finish(struct sha256_ctx *sha, char text[HX_SHA256_TEXT_BYTES])
{
  uint8_t digest[SHA256_DIGEST_SIZE];
  sha256_digest(sha, sizeof digest, digest);
  for (size_t i = 0; i < sizeof digest; i++) {
    snprintf(text + 2 * i, 3, "%02x", digest[i]);
  }
}

void hx_sha256_bytes(const void *bytes, size_t count, char text[HX_SHA256_TEXT_BYTES])
{
  struct sha256_ctx sha;
  sha256_init(&sha);
  sha256_update(&sha, count, bytes);
  finish(&sha, text);
}

int hx_sha256_file(const char *path, char text[HX_SHA256_TEXT_BYTES])
{
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    return -errno;
  }
  struct sha256_ctx sha;
  uint8_t bytes[4096];
  size_t count;
  sha256_init(&sha);
  while ((count = fread(bytes, 1, sizeof bytes, file)) > 0) {
    sha256_update(&sha, count, bytes);
  }
  const int error = ferror(file) ? -EIO : 0;
  fclose(file);
  if (error == 0) {
    finish(&sha, text);
  }
  return error;
}
