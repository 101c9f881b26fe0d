/* exp7_image.c - the ops of exp7: the foreground as tasks of tiles (exp7_body.h), and `service`,
 * what a small task for an operating system is here: out[0] = a * b + c.
 *
 * Next: exp7_kernels.c */
#include <grosr/device.h>

#include "exp7_body.h"

#define EXP7_OPS(OP) OP(triad) OP(fma_loop) OP(service)

GR_DEV int32_t triad(struct gr_team *team)
{
  for (uint32_t tile = gr_tile_first(team); tile < gr_tile_end(team); tile++) {
    exp7_triad(gr_arg_ptr(team, 0, double), gr_arg_u64(team, 1), gr_arg_u64(team, 2), tile,
               gr_lane(), gr_lanes());
  }
  return GR_OK;
}

GR_DEV int32_t fma_loop(struct gr_team *team)
{
  for (uint32_t tile = gr_tile_first(team); tile < gr_tile_end(team); tile++) {
    exp7_fma(gr_arg_ptr(team, 0, float), gr_arg_u64(team, 1), gr_arg_u64(team, 2), tile, gr_lane(),
             gr_lanes());
  }
  return GR_OK;
}

GR_DEV int32_t service(struct gr_team *team)
{
  if (gr_lane() == 0u) {
    gr_arg_ptr(team, 0, uint64_t)[0] =
        gr_arg_u64(team, 1) * gr_arg_u64(team, 2) + gr_arg_u64(team, 3);
  }
  return GR_OK;
}

GR_IMAGE(exp7, EXP7_OPS)
