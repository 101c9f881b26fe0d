/* top.h - a device publishes frames for `grosr top` (grosr/top.h). Private to runtime/host.
 *
 * Written by the watchdog, which reads the teams' records anyhow; nobody else touches it between
 * open and close. Next: top.c */
#pragma once

#include "host/grosr_private.h"
#include "include/grosr/top.h"

struct gr_top;

/* Before the watchdog: nothing, unless options.top or GROSR_TOP asks for it. -EIO: the file cannot
 * be written. */
int gr_top_open(struct grosr *g);
/* Writes a frame; `records` have just been read. A frame that cannot be written is left out. */
void gr_top_publish(struct grosr *g, const struct gr_team_record *records);
/* Removes the file. */
void gr_top_close(struct grosr *g);
