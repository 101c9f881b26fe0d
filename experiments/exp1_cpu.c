/* exp1_cpu.c - engines of plain threads: spin_floor, futex_wake, pthread.
 *
 * spin_floor is what the machine can do: two pinned threads, a one-producer one-consumer ring whose
 * slot is one cache line with payload and flag together, and one word back. With one task in flight
 * that is one flag each way. futex_wake is the same ring between threads that sleep. pthread makes
 * and joins a thread for each task.
 *
 *   measuring thread, core 0                    worker, core 1
 *   slot[n & MASK] = work, number n + 1  ---->  waits for number tail + 1 in slot[tail & MASK]
 *   waits for done >= n + 1              <----  done = tail + 1
 *
 * word        writer            order: why
 * slot[].number  measuring thread  release/acquire: who sees the number sees the work
 * done        worker            release/acquire: who sees the count sees the results, and that the
 *                               slots below it may be filled again
 * posted      measuring thread  futex_wake only: tasks posted; the worker sleeps on it
 *
 * Promised: every wait ends, by EXP1_SPINS_MAX or EXP1_WAIT_NS; workers are joined before return.
 *
 * Next: exp1_openmp.c */
#include "exp1.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES 128
#define SETTLE_NS  20000u /* the worker is asleep again by then (a futex call is about 1 us) */
#define SLOTS      EXP1_WINDOW_MAX
#define MASK       (SLOTS - 1u)

enum { WORK_PLAIN = 0, WORK_TIMED = 1, WORK_STOP = 2 };

struct slot {
  uint64_t a;
  uint64_t b;
  uint64_t c;
  uint64_t *out;
  uint32_t kind;
  _Atomic uint32_t number;
} __attribute__((aligned(64)));

struct pair {
  struct slot slot[SLOTS] __attribute__((aligned(LINE_BYTES)));
  _Atomic uint32_t done __attribute__((aligned(LINE_BYTES)));
  _Atomic uint32_t posted __attribute__((aligned(LINE_BYTES)));
  uint32_t head;       /* measuring thread's own count */
  uint32_t open_first; /* `head` before task 0 of the open load */
  uint64_t *out;
  struct hx_point *point;
  bool sleeps;
  int pinned; /* what hx_pin said to the worker */
};

static uint32_t load_acquire(const _Atomic uint32_t *word)
{
  return atomic_load_explicit(word, memory_order_acquire);
}

static void futex_wait(_Atomic uint32_t *word, uint32_t seen)
{
  const struct timespec limit = {(time_t)(EXP1_WAIT_NS / 1000000000u), 0};
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, &limit, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word)
{
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void run_body(uint32_t kind, const struct slot *slot)
{
  if (kind == WORK_TIMED) {
    EXP1_BODY_TIMED(slot->out, slot->a, slot->b, slot->c, hx_now_ns);
  } else {
    EXP1_BODY(slot->out, slot->a, slot->b, slot->c);
  }
}

/* Waits until slot `tail` was filled; the bound is the measuring thread's, which sends WORK_STOP.
 */
static void worker_wait(struct pair *pair, uint32_t tail)
{
  struct slot *slot = &pair->slot[tail & MASK];
  while (load_acquire(&slot->number) != tail + 1u) {
    if (pair->sleeps && load_acquire(&pair->posted) == tail) {
      futex_wait(&pair->posted, tail);
    }
  }
}

static void *worker_main(void *argument)
{
  struct pair *pair = argument;
  pair->pinned = hx_pin(pair->point, 1u);
  for (uint32_t tail = 0;; tail++) {
    worker_wait(pair, tail);
    const struct slot *slot = &pair->slot[tail & MASK];
    if (slot->kind == WORK_STOP) {
      return NULL;
    }
    run_body(slot->kind, slot);
    atomic_store_explicit(&pair->done, tail + 1u, memory_order_release);
    if (pair->sleeps && load_acquire(&pair->posted) == tail + 1u) {
      futex_wake(&pair->done);
    }
  }
}

static void fill(struct pair *pair, uint32_t kind, uint64_t word, const struct exp1_work *work)
{
  struct slot *slot = &pair->slot[pair->head & MASK];
  slot->a = work->a;
  slot->b = work->b;
  slot->c = work->c;
  slot->out = pair->out + word;
  slot->kind = kind;
  pair->head++;
  atomic_store_explicit(&slot->number, pair->head, memory_order_release);
}

/* Tells the sleeping worker of everything filled so far. */
static void post(struct pair *pair)
{
  atomic_store_explicit(&pair->posted, pair->head, memory_order_release);
  futex_wake(&pair->posted);
}

/* Waits until at least `count` tasks are done. */
static int wait_done(struct pair *pair, uint32_t count)
{
  const uint64_t until_ns = pair->sleeps ? hx_now_ns() + EXP1_WAIT_NS : 0u;
  for (uint64_t spins = 0; spins < EXP1_SPINS_MAX; spins++) {
    const uint32_t done = load_acquire(&pair->done);
    if ((int32_t)(done - count) >= 0) {
      return 0;
    }
    if (pair->sleeps) {
      futex_wait(&pair->done, done);
      if (hx_now_ns() > until_ns) {
        return -ETIMEDOUT;
      }
    }
  }
  return -ETIMEDOUT;
}

static int pair_once(void *state, const struct exp1_work *work)
{
  struct pair *pair = state;
  fill(pair, work->timed ? WORK_TIMED : WORK_PLAIN, work->slot, work);
  if (pair->sleeps) {
    post(pair);
  }
  return wait_done(pair, pair->head);
}

/* Spinning: the window slides. Sleeping: a window is posted whole and waited for whole, because a
 * wake-up for each task of it would only make it slower. */
static int pair_load(void *state, const struct exp1_load *load)
{
  struct pair *pair = state;
  const uint32_t window = (uint32_t)load->window;
  int result = 0;
  for (uint64_t i = 0; i < load->tasks && result == 0;) {
    uint64_t room = 1;
    if (pair->sleeps) {
      room = load->tasks - i < window ? load->tasks - i : window;
    } else {
      result = wait_done(pair, pair->head - window + 1u);
    }
    for (uint64_t k = 0; k < room && result == 0; k++, i++) {
      const struct exp1_work work = {i, EXP1_A(i), EXP1_B(i), load->salt, false};
      fill(pair, WORK_PLAIN, i, &work);
    }
    if (pair->sleeps) {
      post(pair);
      result = wait_done(pair, pair->head);
    }
  }
  return result < 0 ? result : wait_done(pair, pair->head);
}

static int pair_submit(void *state, uint64_t i, uint64_t salt)
{
  struct pair *pair = state;
  if (i == 0) {
    pair->open_first = pair->head;
  }
  if (pair->head - load_acquire(&pair->done) >= SLOTS) {
    return -EAGAIN;
  }
  const struct exp1_work work = {i, EXP1_A(i), EXP1_B(i), salt, false};
  fill(pair, WORK_PLAIN, i, &work);
  return 0;
}

static int pair_is_done(void *state, uint64_t i, uint64_t salt)
{
  struct pair *pair = state;
  (void)salt;
  return (int32_t)(load_acquire(&pair->done) - pair->open_first - (uint32_t)i) > 0;
}

int exp1_probe_two_cores(struct hx_point *point)
{
  return hx_core_count() >= 2u ? 0
                               : hx_unmet(point, "needs two cores, each with a thread of its own");
}

static int run_pair(struct hx_point *point, bool sleeps, uint64_t *out,
                    int (*measure)(struct hx_point *, const struct exp1_engine *))
{
  struct pair *pair =
      aligned_alloc(LINE_BYTES, (sizeof(*pair) + LINE_BYTES - 1u) / LINE_BYTES * LINE_BYTES);
  pthread_t worker;
  int result = -ENOMEM;
  if (pair == NULL || out == NULL) {
    goto out;
  }
  *pair = (struct pair){.out = out, .point = point, .sleeps = sleeps};
  result = -pthread_create(&worker, NULL, worker_main, pair);
  if (result < 0) {
    goto out;
  }
  hx_pin(point, 0u);
  const struct exp1_engine engine = {
      .once = pair_once,
      .load = pair_load,
      .submit = pair_submit,
      .done = pair_is_done,
      .state = pair,
      .out = out,
      .settle_ns = sleeps ? SETTLE_NS : 0u,
  };
  result = measure(point, &engine);
  const struct exp1_work stop = {0};
  fill(pair, WORK_STOP, 0, &stop);
  post(pair);
  pthread_join(worker, NULL);
  if (pair->pinned < 0) {
    hx_note(point, "pinning", "the worker could not be pinned");
  }
out:
  free(out);
  free(pair);
  return result;
}

int exp1_run_spin_floor(struct hx_point *point)
{
  return run_pair(point, false, exp1_results_take(point), exp1_measure);
}

int exp1_run_spin_open(struct hx_point *point)
{
  return run_pair(point, false, calloc(EXP1_OPEN_MAX, sizeof(uint64_t)), exp1_measure_open);
}

int exp1_run_futex_wake(struct hx_point *point)
{
  return run_pair(point, true, exp1_results_take(point), exp1_measure);
}

/* ---- pthread: a thread for each task ---- */

struct maker {
  uint64_t *out;
  pthread_attr_t attr;
  struct slot slot[EXP1_WINDOW_MAX];
  pthread_t thread[EXP1_WINDOW_MAX];
};

static void *thread_main(void *argument)
{
  const struct slot *slot = argument;
  run_body(slot->kind, slot);
  return NULL;
}

static int make_and_join(struct maker *maker, uint64_t count)
{
  uint64_t made = 0;
  int result = 0;
  for (; made < count && result == 0; made += result == 0) {
    result = -pthread_create(&maker->thread[made], &maker->attr, thread_main, &maker->slot[made]);
  }
  for (uint64_t k = 0; k < made; k++) {
    pthread_join(maker->thread[k], NULL);
  }
  return result;
}

static int pthread_once_task(void *state, const struct exp1_work *work)
{
  struct maker *maker = state;
  maker->slot[0] = (struct slot){
      work->a, work->b, work->c, maker->out + work->slot, work->timed ? WORK_TIMED : WORK_PLAIN, 0};
  return make_and_join(maker, 1);
}

static int pthread_load(void *state, const struct exp1_load *load)
{
  struct maker *maker = state;
  int result = 0;
  for (uint64_t i = 0; i < load->tasks && result == 0;) {
    const uint64_t left = load->tasks - i;
    const uint64_t count = left < load->window ? left : load->window;
    for (uint64_t k = 0; k < count; k++, i++) {
      maker->slot[k] =
          (struct slot){EXP1_A(i), EXP1_B(i), load->salt, maker->out + i, WORK_PLAIN, 0};
    }
    result = make_and_join(maker, count);
  }
  return result;
}

int exp1_run_pthread(struct hx_point *point)
{
  struct maker *maker = aligned_alloc(64, (sizeof(*maker) + 63u) / 64u * 64u);
  uint64_t *out = exp1_results_take(point);
  int result = -ENOMEM;
  if (maker == NULL || out == NULL) {
    goto out;
  }
  maker->out = out;
  pthread_attr_init(&maker->attr);
  pthread_attr_setstacksize(&maker->attr, 65536);
  hx_note(point, "placement", "not pinned: the kernel places each new thread");
  const struct exp1_engine engine = {
      .once = pthread_once_task, .load = pthread_load, .state = maker, .out = out};
  result = exp1_measure(point, &engine);
  pthread_attr_destroy(&maker->attr);
out:
  free(out);
  free(maker);
  return result;
}
