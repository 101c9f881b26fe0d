/* backends.c - the devices of libgrosr. libgrosr-sim has its own list (sim/backend_sim.c).
 *
 * Next: backend_cpu.c, backend_cuda.c. */
#include "host/backend.h"

const struct gr_backend_ops *const gr_backends[] = {&gr_backend_cuda, &gr_backend_cpu, NULL};
const char gr_backends_text[] = "cpu, cuda or cuda:N (sim: link with grosr-sim instead of grosr)";
