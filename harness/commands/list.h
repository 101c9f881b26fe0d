/* list.h - prints what an experiment says of itself, for `grosr list`.
 *
 * Next: child.h */
#pragma once
#ifndef HX_PRIVATE
#error "list.h is private to harness/: include hx.h"
#endif

/* Runs folder/name --describe and prints it. 0, or -EPROTO if the answer makes no sense. */
int hx_list_one(const char *folder, const char *name);
