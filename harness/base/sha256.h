/* sha256.h - SHA-256 (FIPS 180-4) of a file, so that a result names the binary that made it.
 *
 * Called by provenance.c once a run. No state.
 *
 * Next: provenance.h */
#pragma once
#ifndef HX_PRIVATE
#error "sha256.h is private to harness/: include hx.h"
#endif
#include <stddef.h>

#define HX_SHA256_TEXT_BYTES 65u

/* 64 hex digits and a zero. 0 or negative errno from reading the file. */
int hx_sha256_file(const char *path, char text[HX_SHA256_TEXT_BYTES]);
void hx_sha256_bytes(const void *bytes, size_t count, char text[HX_SHA256_TEXT_BYTES]);
