/* folder.h - where results go: names, checks and creation of the output folder.
 *
 * Called by hx_main.c and main.c. A folder that holds results of this plan is gone on with; of any
 * other it is refused: two runs are never mixed.
 *
 * Next: result.h */
#pragma once
#ifndef HX_PRIVATE
#error "folder.h is private to harness/: include hx.h"
#endif
#include "text.h"

#define HX_RUN_ID_BYTES 96u

/* "20261122T183000Z-host" */
void hx_folder_run_id(char run_id[HX_RUN_ID_BYTES]);

/* OUT/<experiment>, or results/runs/<run id>/<experiment> if `out` is NULL. Allocated. */
char *hx_folder_path(const char *out, const char *run_id, const char *experiment);

/* Could it be created, and is it free of results without a plan.json? Creates nothing. */
int hx_folder_check(const char *path, struct hx_why *why);

/* Creates it with its parents. */
int hx_folder_make(const char *path, struct hx_why *why);

/* Nobody else may write results there until the process ends. -EBUSY: somebody does. */
int hx_folder_lock(const char *path, struct hx_why *why);
