/* exp1_cuda.h - the GPU as the CUDA baselines of exp1 use it: one context, one stream, three
 * images.
 *
 * Opened by the first probe and kept until the process ends, so that no context is made or thrown
 * away while anything is measured. Results lie in device memory, where a kernel writes them
 * fastest, and are fetched outside the timed interval. The context is current only between enter
 * and leave, since the runtime under test has one of its own. No resident kernel runs while a
 * baseline does.
 *
 * Called on the measuring thread. Next: exp1_cuda.c */
#pragma once

#include "host/cuda_driver.h"

#include "exp1.h"
#include "exp1_cuda_record.h"

struct exp1_cuda {
  const struct gr_cuda_driver *api;
  struct hx_point *point;
  struct CUctx_st *context;
  struct CUstream_st *stream; /* non-blocking; nothing ever uses the default stream */
  int device;
  int major;     /* compute capability */
  uint64_t *out; /* page-locked: where results are fetched to */
  struct exp1_record *record;
  struct exp1_lines *lines;
  struct exp1_flag *flag; /* page-locked and mapped */
  unsigned long long out_device;
  unsigned long long record_device;
  unsigned long long lines_device;
  unsigned long long flag_device;
  struct CUfunc_st
      *body; /* NULL, as the other functions, where its image has no code for this GPU */
  struct CUfunc_st *body_timed;
  struct CUfunc_st *body_pdl;
  struct CUfunc_st *flag_loop;
  struct CUfunc_st *l2;
  struct CUfunc_st *node;
  struct CUfunc_st *node_pdl;
  struct CUfunc_st *node_grid;
  struct CUfunc_st *cdp_hop;
  struct CUfunc_st *cdp_back;
  struct CUfunc_st *cdp_spawn;
  struct CUfunc_st *graph_body;
  struct CUfunc_st *graph_relay;
};

/* Makes the context current for this point. `need` is a function it cannot do without. */
int exp1_cuda_enter(struct hx_point *point, struct CUfunc_st *const *need, struct exp1_cuda **out);
/* Back to no context. Returns result. */
int exp1_cuda_leave(struct exp1_cuda *gpu, int result);
/* The one that enter gives; for naming its functions before. */
struct exp1_cuda *exp1_cuda(void);

/* 0 or negative errno; the sentence is in grosr_last_error(). */
int exp1_cuda_launch(struct exp1_cuda *gpu, struct CUfunc_st *function, unsigned blocks,
                     unsigned threads, void **params);
/* Until all work in the stream is done; polls for at most EXP1_WAIT_NS. */
int exp1_cuda_wait(struct exp1_cuda *gpu);
int exp1_cuda_to_device(struct exp1_cuda *gpu, unsigned long long to, const void *from,
                        size_t bytes);
int exp1_cuda_to_host(struct exp1_cuda *gpu, void *to, unsigned long long from, size_t bytes);
/* An engine's `fetch` (state is the struct exp1_cuda). */
int exp1_cuda_fetch(void *state, uint64_t words);
/* An engine's `clock`: by a ping-pong through mapped memory. */
int exp1_cuda_clock(void *state, int64_t *ahead_ns, uint64_t *error_ns);
/* One answer of flag_loop to `request`; 0 after EXP1_WAIT_NS. */
uint64_t exp1_cuda_ask(struct exp1_cuda *gpu, uint64_t request);
int exp1_cuda_flag_start(struct exp1_cuda *gpu, bool timed);
int exp1_cuda_flag_stop(struct exp1_cuda *gpu);
