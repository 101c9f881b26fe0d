/* judge_span.h - the rules on what happened between two looks. Part of judge.h.
 *
 * Called by judge.c. Pure. Next: judge_span.c */
#pragma once
#ifndef HX_PRIVATE
#error "judge_span.h is private to harness/: include hx.h"
#endif
#include "judge.h"

void hx_judge_span(const struct hx_look *from, const struct hx_look *to, enum hx_span span,
                   struct hx_reasons *out);
