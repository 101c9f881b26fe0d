/* cmd_doctor.h - `grosr doctor`. Called by main.c. Next: cmd_doctor.c */
#pragma once
#ifndef HX_PRIVATE
#error "cmd_doctor.h is private to harness/: include hx.h"
#endif

int hx_cmd_doctor(int argc, char **argv);
