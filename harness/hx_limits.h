/* hx_limits.h - every number of the harness that somebody might want to change, with its reason.
 *
 * Next: sweep.h */
#pragma once
#ifndef HX_PRIVATE
#error "hx_limits.h is private to harness/: include hx.h"
#endif

/* What a tier asks of one point. 2000 samples are the fewest that leave two beyond p99.9; the
 * paper tier has enough to see whether p99.9 moves. The times bound slow baselines. */
#define HX_SMOKE_SAMPLES  2000u
#define HX_SMOKE_POINT_NS 1000000000u /* 1 s: a hundred points stay below two minutes */
#define HX_PAPER_SAMPLES  20000u
#define HX_AE_SAMPLES     2000u /* in each of five processes */
#define HX_AE_POINT_NS    1000000000u
#define HX_PAPER_POINT_NS 10000000000u /* 10 s */
/* On device sim a sample more tells little, and real time is only a bound, which must not cut
 * samples off, or one seed would give different ones. */
#define HX_SIM_SAMPLES  50u
#define HX_SIM_POINT_NS 20000000000u /* 20 s */

#define HX_BUDGET_POINT_NS_MIN 50000000u /* --budget never gives a point less: 50 ms */
#define HX_INTERVAL_SAMPLES    6u        /* the fewest with a 95 % interval: 1 - 2/2^6 = 0.969 */
#define HX_INTERVAL_PATIENCE   4u        /* times the point's time that may be spent on those */

#define HX_WIDTH_SAMPLES 1000u /* fewest after which a narrow interval ends the measuring */
#define HX_WIDTH_PART    0.002 /* of the median: half its interval, then */
#define HX_WARM_MAX      1000u /* warm-up samples kept of one metric */

#define HX_HANG_TIMES      32u /* times its time that a point may take before it hangs ... */
#define HX_HANG_NS         60000000000u /* ... and a minute more */
#define HX_WORKER_START_NS 60000000000u /* until a worker is up */
#define HX_WORKER_STOP_NS  10000000000u /* until a worker has left the point that is dropped */
#define HX_CLAIM_PROCESSES 5u           /* of tiers ae and paper: layouts are sampled, too */
#define HX_PROCESSES_MAX   1000u

#define HX_CLOCK_STEP_MAX_S 60 /* that the time of day may be corrected by within a run */

#define HX_RAW_ROWS_MAX    20000u     /* values kept of one metric of one block */
#define HX_SAMPLES_MAX     100000000u /* samples kept for one metric of one point: 800 MB */
#define HX_POINTS_MAX      100000u    /* more is a typing error in a factor list */
#define HX_REASON_BYTES    512u       /* of one failure or skip, longer ones are cut */
#define HX_NOTE_BYTES      1024u      /* of one note's value */
#define HX_NOTES_MAX       256u       /* notes of one point */
#define HX_SIGNAL_QUIET_NS 500000000u /* the same wish to stop may come twice */
