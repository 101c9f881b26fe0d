/* backend_sim.h - see backend_sim.c. Next: backend_sim.c */
#pragma once

/* A run begins: what the host library remembers beyond a device's life is forgotten. */
void gr_backend_begin(void);
