/* exp2_relay.h - a device with a mediator, for exp2: opened for one point, asked again and again.
 *
 * Called on the measuring thread; 0 or negative, with the point's reason. Next: exp2_relay.c */
#pragma once

#include <grosr/relay.h>

#include "exp2.h"
#include "exp_device.h"

struct exp2 {
  struct hx_point *point;
  struct grosr *g;
  uint32_t teams, lanes;
  uint32_t op;
  uint64_t workers; /* lanes of a team that have a part */
  struct exp2_job *job; /* of each team */
  uint64_t job_device;
  uint64_t handle;
  char folder[64]; /* with the file that is read; "": none */
};

/* What a rate is made of. */
struct exp2_result {
  double seconds;  /* from the first team that began to the last that ended */
  uint64_t calls;
  double mediator_s; /* its CPU time */
  double fill;     /* calls that one look of the mediator's found */
};

/* bytes: of a read; 0: null calls. */
int exp2_open(struct exp2 *exp, struct hx_point *point, uint64_t bytes);
int exp2_run(struct exp2 *exp, uint64_t count, struct exp2_result *out);
int exp2_close(struct exp2 *exp, int result);

#define EXP2_FILE_BYTES (1u << 20)
/* The file that both sides read, in a new folder: its path in `path`. */
int exp2_file_make(struct hx_point *point, char *folder, size_t bytes);
void exp2_file_remove(const char *folder);
