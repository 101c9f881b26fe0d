/* exp1_replay_no_tbb.c - stands for exp1_replay_tbb.cpp where oneTBB is not: the variant says so.
 *
 * Next: exp1_replay_grosr.c */
#include "exp1.h"

int exp1_probe_replay_tbb(struct hx_point *point)
{
  return hx_unmet(point, "built without oneTBB: install libtbb-dev and g++, then configure with "
                         "-Dtbb=enabled");
}

int exp1_run_replay_tbb(struct hx_point *point)
{
  return exp1_probe_replay_tbb(point);
}
