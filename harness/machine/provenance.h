/* provenance.h - facts about this build, machine and process, as JSON objects for run.json.
 *
 * Every fact is looked up, none is asked of the user; what cannot be read is left out (empty means
 * missing). Environment variables are taken by an allow-list of prefixes, and never those that
 * hold paths. No system setting is changed.
 * Called by run_json.c at the start and the end of a run, never while a point is running.
 *
 * Next: run_json.h */
#pragma once
#ifndef HX_PRIVATE
#error "provenance.h is private to harness/: include hx.h"
#endif
#include <jansson.h>

#include "text.h"

/* `git describe --always --dirty` of the build's source; "unknown" outside a repository. */
extern const char *const hx_git_describe;

json_t *hx_provenance_build(void);   /* compiler, flags, build type, git, binary hash */
json_t *hx_provenance_machine(void); /* CPU, memory, kernel, governor, SMT, turbo, … */
/* In machine_more.c: network interfaces, and the Slurm job if this is in one (else an empty
 * object), by a list of variables that hold no secret. `root` is "/" but in tests. */
json_t *hx_provenance_network(const char *root);
json_t *hx_provenance_slurm(void);
/* Writes FOLDER/topology.xml (temporary name, fsync, rename) and gives {file, sha256}; {missing}
 * with the reason if that fails: a run is not lost for it. */
json_t *hx_provenance_topology(const char *folder);
json_t *hx_provenance_process(int argc, char **argv);
json_t *hx_provenance_load(void);  /* what changes during a run: load, clocks, switches */
json_t *hx_provenance_clock(void); /* what hx_now_ns() can do (timer.h); some 0.2 s */

/* 0 if results of a build with this optimisation level ("0", "g", "2", …) and these sanitizers
 * mean something; else -EPERM and why not, with the remedy. */
int hx_provenance_check_build(const char *optimization, const char *sanitize, struct hx_why *why);
int hx_provenance_check_this_build(struct hx_why *why);
