/* interrupt.h - SIGINT and SIGTERM become a flag; a second one ends the process.
 *
 * The first signal asks run() to leave (hx_interrupted() in hx.h). The harness then drops the point
 * in progress, writes run.json, and exits with 128 + signal. A second signal, at least
 * HX_SIGNAL_QUIET_NS after the first, ends the process at once with the same status: rows on
 * disk are whole in any case. A signal closer to the first is the same wish arriving twice
 * (terminal and parent both send it) and is ignored.
 * System calls are not restarted, so that a blocked run() wakes up with EINTR.
 *
 * Next: progress.h */
#pragma once
#ifndef HX_PRIVATE
#error "interrupt.h is private to harness/: include hx.h"
#endif

int hx_interrupt_init(void);   /* 0 or negative errno; once, before any thread is started */
int hx_interrupt_signal(void); /* the signal that came first; 0: none */
