/* pin.h - which cores this process may use, and binding a measuring thread to one of them.
 *
 * Starts from the set the process was given (cgroup, taskset, Slurm), never from the machine. A
 * core is bound by its first hardware thread that is in that set (singlified), memory of the
 * thread is bound to that core's node, and the kernel is asked afterwards where the thread really
 * ran. The runtime binds its own threads by its own topology code; this is for the threads of the
 * experiment. The public half, hx_pin() and hx_unpin(), is in hx.h.
 *
 * Called by hx_main.c on the main thread: init before anything is bound, fini at the end.
 *
 * Next: stats.h */
#pragma once
#ifndef HX_PRIVATE
#error "pin.h is private to harness/: include hx.h"
#endif
#include <stddef.h>

int hx_pin_init(void); /* 0 or negative errno; without it hx_core_count() is 0 */
void hx_pin_fini(void);
int hx_pin_release(void); /* the calling thread may use the whole set again */

/* The set as a list ("0-3,8") of the system's numbers. */
int hx_pin_allowed_text(char *text, size_t text_bytes);

/* The system's number of the hardware thread that stands for a core; -1: there is no such core. */
int hx_pin_core_cpu(unsigned core);

/* The topology as hwloc sees it, as an XML file. 0 or negative errno. */
int hx_pin_export(const char *path);

/* What the whole machine has, not only what this process may use. */
struct hx_pin_counts {
  int packages, nodes, cores, threads;
};
void hx_pin_machine(struct hx_pin_counts *out);
