/* exp8_memory.h - the allocator's part of exp8: the run() of its variants. Next: exp8_memory.c */
#pragma once

struct hx_point;

int exp8_memory_all_on(struct hx_point *point);
int exp8_no_magazines(struct hx_point *point);
int exp8_no_aggregation(struct hx_point *point);
int exp8_no_bump(struct hx_point *point);
int exp8_no_tags(struct hx_point *point);
