/* store.h - files that are whole at any moment: written under another name, synced, renamed.
 *
 * Whoever is killed at any write leaves either the file before or the file after, and perhaps a
 * temporary name (HX_STORE_NEW), which hx_store_sweep() removes. A disk that is full gives the
 * error, and leaves the file before.
 *
 * Called by block.c, plan.c, result.c and run_json.c, never while a point is running.
 *
 * Next: plan.h */
#pragma once
#ifndef HX_PRIVATE
#error "store.h is private to harness/: include hx.h"
#endif
#include <jansson.h>
#include <stddef.h>

#include "text.h"

#define HX_STORE_NEW ".new" /* how temporary names end */

/* 0 or negative errno. */
int hx_store_write(const char *path, const void *bytes, size_t count);
int hx_store_json(const char *path, const json_t *root);

/* The file as JSON; NULL, and why: not there (-ENOENT in *error), not whole. `error` may be
 * NULL. */
json_t *hx_store_load(const char *path, int *error, struct hx_why *why);

/* The file's bytes and a zero behind them; NULL with errno. To be freed. */
char *hx_store_read(const char *path, size_t *count);

/* Removes what a killed writer has left in the folder. */
void hx_store_sweep(const char *folder);

/* "FOLDER/NAME"; NULL: out of memory. To be freed. */
char *hx_store_path(const char *folder, const char *name);
