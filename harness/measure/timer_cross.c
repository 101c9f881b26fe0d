/* timer_cross.c - do the clocks of two cores keep order? Part of timer.h.
 *
 *   core A                           core B
 *   stamp = clock()
 *   turn = 1     -- release -------> turn  (acquire)
 *                                    now = clock(); now < stamp is a step backwards
 *   turn  (acquire) <-- release ---  stamp = now; turn = 2
 *
 * field   writer                reader     order: why
 * turn    the one whose turn    both       release/acquire: who sees its turn sees the stamp
 * others  the one whose turn    both       plain: handed over by turn
 *
 * Bound: HANDOVERS, and TIME_NS_MAX in any case; on a shared machine one side may be held off.
 *
 * Next: root_file.h */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "hx.h"
#include "timer.h"

#define HANDOVERS    100000u
#define TIME_NS_MAX  100000000u /* 0.1 s */
#define SPINS_A_LOOK 256u       /* looks at `turn` between two looks at the time */
#define OVER         UINT32_MAX

struct relay {
  _Atomic uint32_t turn; /* whose: even A's, odd B's; OVER */
  hx_timer_clock clock;
  uint64_t stamp_ns;
  uint64_t end_ns;
  struct hx_timer_cross *cross;
};

struct side {
  struct relay *relay;
  uint32_t parity;
};

/* Waits for its turn. False: it is over. */
static bool wait_turn(struct relay *relay, uint32_t parity, uint32_t *turn)
{
  for (unsigned spins = 1;; spins++) {
    *turn = atomic_load_explicit(&relay->turn, memory_order_acquire);
    if (*turn == OVER)
      return false;
    if (*turn % 2 == parity)
      return true;
    if (spins % SPINS_A_LOOK == 0) {
      if (hx_now_ns() > relay->end_ns) {
        atomic_store_explicit(&relay->turn, OVER, memory_order_release);
        return false;
      }
      sched_yield();
    }
  }
}

static void *hand_over(void *context)
{
  struct side *side = context;
  struct relay *relay = side->relay;
  struct hx_timer_cross *cross = relay->cross;
  uint32_t turn = 0;
  while (wait_turn(relay, side->parity, &turn)) {
    const uint64_t now_ns = relay->clock();
    const int64_t step_ns = (int64_t)(now_ns - relay->stamp_ns);
    if (turn > 0) { /* the first has nothing to compare with */
      cross->backwards += step_ns < 0;
      if (cross->handovers == 0 || step_ns < cross->step_ns_min)
        cross->step_ns_min = step_ns;
      cross->handovers++;
    }
    relay->stamp_ns = now_ns;
    /* A store of OVER by the waiting side may be overwritten here; it then ends at its next look
     * at the time, as this side does. */
    atomic_store_explicit(&relay->turn, turn + 1 > HANDOVERS ? OVER : turn + 1,
                          memory_order_release);
  }
  return NULL;
}

static int start_pinned(pthread_t *thread, int cpu, struct side *side)
{
  pthread_attr_t attributes;
  cpu_set_t *set = CPU_ALLOC((size_t)cpu + 1);
  const size_t set_bytes = CPU_ALLOC_SIZE((size_t)cpu + 1);
  if (set == NULL)
    return ENOMEM;
  CPU_ZERO_S(set_bytes, set);
  CPU_SET_S((size_t)cpu, set_bytes, set);
  int result = pthread_attr_init(&attributes);
  if (result == 0) {
    result = pthread_attr_setaffinity_np(&attributes, set_bytes, set);
    if (result == 0)
      result = pthread_create(thread, &attributes, hand_over, side);
    pthread_attr_destroy(&attributes);
  }
  CPU_FREE(set);
  return result;
}

void hx_timer_hand_over(struct hx_timer_cross *cross, hx_timer_clock clock, const int cpu[2])
{
  struct relay relay = {0};
  struct side side[2] = {{&relay, 0}, {&relay, 1}};
  pthread_t thread[2];
  int started = 0;
  int result = 0;
  *cross = (struct hx_timer_cross){.cpu = {cpu[0], cpu[1]}};
  if (cpu[0] < 0 || cpu[1] < 0) {
    snprintf(cross->reason, sizeof(cross->reason), "this process may use only one core");
    return;
  }
  relay.clock = clock;
  relay.cross = cross;
  relay.end_ns = hx_now_ns() + TIME_NS_MAX;
  while (started < 2 && result == 0) {
    result = start_pinned(&thread[started], cpu[started], &side[started]);
    started += result == 0;
  }
  if (result != 0)
    atomic_store_explicit(&relay.turn, OVER, memory_order_release);
  for (int i = 0; i < started; i++)
    pthread_join(thread[i], NULL);
  if (cross->handovers == 0)
    snprintf(cross->reason, sizeof(cross->reason), "no hand-over between cpu %d and cpu %d: %s",
             cpu[0], cpu[1], result != 0 ? strerror(result) : "no time was given to them in 0.1 s");
}
