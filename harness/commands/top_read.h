/* top_read.h - finds and reads the frames that running devices publish (grosr/top.h).
 *
 * Called by cmd_top.c. One thread. Next: cmd_top.c */
#pragma once
#ifndef HX_PRIVATE
#error "top_read.h is private to harness/: include hx.h"
#endif
#include <grosr/top.h>

#include "text.h"

#define HX_TOP_PATH_BYTES 512u

/* The file of process `pid`'s device `number` (0: the last that it opened); pid 0: of the only
 * process that publishes. Files of processes that have ended are removed. 0, or negative errno and
 * a sentence with the remedy. `folder` NULL: where libgrosr puts them. */
int hx_top_find(const char *folder, unsigned pid, unsigned number, char path[HX_TOP_PATH_BYTES],
                struct hx_why *why);

/* The frame that is there now; to be freed. NULL and a sentence. */
struct grosr_top *hx_top_read(const char *path, struct hx_why *why);

const char *hx_top_op(const struct grosr_top *frame, unsigned op);
const struct grosr_top_team *hx_top_team(const struct grosr_top *frame, unsigned team);
