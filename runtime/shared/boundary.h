/* boundary.h - the memory between host and device, and who writes each word of it.
 *
 * All of it is host memory that the device can address. Across PCIe there is no read-modify-write,
 * so every word has one writer; where several host threads write, grosr's submit lock makes them
 * one, and where several teams write, the table says what decides.
 *
 *   host                                              device
 *   ingress[pos & mask] = line, tag lap(pos)  ----->  ingress team reads at ingress_head
 *   control[pos & mask] = line, tag lap(pos)  ----->  ingress team reads at control_head
 *   waits on completion[slot]  <--------------------  the team that ran the task
 *   ring full? reads ingress_head  <----------------  ingress team
 *
 * I1  h_ingress_tail - ingress_head <= ingress_slots            (u32 counters wrap freely)
 * I2  slots [ingress_head, h_ingress_tail) are the device's to read, the others the host's to write
 * I3  lap(pos) = pos / slots + 1 differs from the tag that the slot held one lap ago, so a stale
 *     chunk is never taken for a new one
 * I4  completion[slot] is written once per generation, by the one team that ran or refused the task
 *
 * word            writer                      reader        order
 * ingress[]       host, under the submit lock ingress team  release/acquire sys, per chunk
 * control[]       host, under the submit lock ingress team  release/acquire sys, per chunk
 * ingress_head    ingress team (duty)         host          release/acquire sys: slot copied out
 * control_head    ingress team (duty)         host          release/acquire sys: the same
 * ready           last team that boots        host          relaxed sys: a number, no data
 * resting         ingress team (duty)         host          relaxed sys, and a seqcst fence on both
 *                                                           sides: Dekker with ingress[], control[]
 * ticks           the team that runs            host          relaxed sys: comes with the op's
 *                 GR_OP_CLOCK                                 completion
 * fault.*         the team that won           host          release/acquire sys on fault.code
 *                 gr_dev.fault_claim
 * left[]          ingress team (duty)         host          relaxed sys: a number (context.h, T1)
 * launcher[]      a GPU's launcher; host, if  host          relaxed sys: a number (kernel.h)
 *                 that has ended
 * completion[]    I4                          waiting       release/acquire sys: what the op wrote
 *                                             thread        is visible with its completion
 *
 * Next: dev.h (the device's own memory). */
#pragma once

#include "port/port.h"
#include "shared/task.h"

/* Where gr_assert failed. The host turns file into a name by the table in black_box.c. */
struct gr_fault {
  gr_au32 code; /* enum gr_fault_code; written last */
  uint32_t file;
  uint32_t line;
  uint32_t lane;
  uint32_t team;
  uint32_t reserved;
  uint64_t argument;
};

struct gr_boundary {
  /* Written by the device. One line for what the host polls when it submits ... */
  gr_au32 ingress_head __attribute__((aligned(GR_LINE_BYTES)));
  gr_au32 control_head;
  /* ... one for the life of the microkernel ... */
  gr_au32 ready __attribute__((aligned(GR_LINE_BYTES))); /* incarnation whose teams all booted */
  gr_au32 resting; /* incarnation that has left because it was idle, else 0 */
  gr_au64 ticks;   /* of the device's clock (gr_clock_ticks), as asked for */
  gr_au32 launcher[2]; /* enum gr_launcher_state */
  /* ... some for tenants: gr_context.left as last told ... */
  gr_au32 left[GR_CONTEXTS_MAX] __attribute__((aligned(GR_LINE_BYTES)));
  /* ... and one for the end of it. */
  struct gr_fault fault __attribute__((aligned(GR_LINE_BYTES)));
  /* Written by the host. */
  struct gr_line control[GR_CONTROL_SLOTS] __attribute__((aligned(GR_LINE_BYTES)));
};

/* Tag of ring position `pos` in a ring of 1 << shift slots (I3). Never 0, the tag of fresh memory.
 */
#define GR_LAP_TAG(pos, shift) (((uint32_t)(pos) >> (shift)) + 1u)
