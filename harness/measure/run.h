/* run.h - what the parts of one run of an experiment share: hx_main.c, supervise.c, worker.c.
 *
 *   supervisor (the process that was started)         worker (the same binary, --worker)
 *   plan.json; which blocks are missing
 *   "INDEX PROCESS LIMIT_NS\n" ------------------->   runs the point, writes blocks/ID-P.json
 *   one line of progress      <-------------------    "end INDEX STATUS REASON\n"
 *   samples.csv, points.csv, run.json from the blocks
 *
 * A worker that crashes or hangs costs one block, which the supervisor then writes; another worker
 * goes on. Each round of --processes has a worker of its own, so its own memory layout.
 *
 * Next: supervise.c */
#pragma once
#ifndef HX_PRIVATE
#error "run.h is private to harness/: include hx.h"
#endif
#include "args.h"
#include "block.h"
#include "device.h"
#include "folder.h"
#include "sha256.h"

struct hx_run {
  const struct hx_experiment *experiment;
  struct hx_args args;
  struct hx_choice choice;
  char run_id[HX_RUN_ID_BYTES];
  char binary_sha256[HX_SHA256_TEXT_BYTES];
  char *folder;
  struct hx_plan plan;
  bool is_resumed; /* the folder has this plan already */
  bool keeps_plan; /* and of this binary: plan.json stays as it is */
  unsigned processes;
  uint64_t samples;       /* wanted of each metric */
  uint64_t budget_end_ns; /* 0: no budget */
};

/* How a point of this run is bounded when `blocks` are still to come. */
uint64_t hx_run_limit_ns(const struct hx_run *run, size_t blocks);

/* supervise.c. How many blocks are missing (of those that --points wants). */
size_t hx_supervise_missing(const struct hx_run *run);
/* Runs what is missing. */
struct hx_supervised {
  size_t planned, ran, done_before; /* blocks; planned: those that --points wants */
  size_t failed;                    /* of those that ran: failed, crashed, timed out */
  size_t dropped;                   /* begun, and interrupted */
  int signal;                       /* that stopped the run; 0: none */
  int error;                        /* negative errno: results could not be kept */
};
/* 0, or -ESRCH when a worker does not come up; `why` then says so. */
int hx_supervise(struct hx_run *run, char **argv, struct hx_supervised *out, struct hx_why *why);

/* worker.c. The whole of a worker; the exit code. */
int hx_worker(struct hx_run *run);
