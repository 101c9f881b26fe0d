/* graph.h - a graph whose edges come and go: the survey's test 12 (pairs.h names it).
 *
 * Each vertex has an array of its neighbours, allocated, which is replaced by one of twice the size
 * when it is full and of half the size when three quarters of it are empty. A batch of edges is
 * inserted, then the same edges are deleted; they begin at any vertex, or all within a range of
 * vertices that moves on from batch to batch. A worker has vertices of its own, so that what is
 * measured is the allocator and not locks.
 *
 *   array   word 0: capacity << 32 | neighbours; then 32-bit numbers, in no order
 *
 * Next: space.h. */
#pragma once

#include "workloads/alloc/worker.h"

#define WL_DEGREE_LEAST 2u

GR_DEV uint32_t *wl_neighbours(void *array)
{
  return (uint32_t *)array + 2;
}
GR_DEV uint64_t wl_array_bytes(uint64_t capacity)
{
  return 8u + 4u * capacity;
}

/* Of another capacity, with the same neighbours. False: there is no memory. */
GR_DEV_HOT bool wl_array_move(struct wl_worker *worker, uint64_t vertex, uint64_t capacity)
{
  uint64_t *from = (uint64_t *)wl_object(worker, vertex);
  uint64_t *to = (uint64_t *)wl_alloc_apart(worker, wl_array_bytes(capacity));
  if (to == NULL) {
    worker->nulls++;
    return false;
  }
  const uint64_t count = from == NULL ? 0u : (uint32_t)from[0];
  to[0] = capacity << 32 | count;
  for (uint64_t i = 0u; i < count; i++) {
    wl_neighbours(to)[i] = wl_neighbours(from)[i];
  }
  if (from != NULL) {
    wl_free_apart(worker, from);
  }
  wl_keep(worker, vertex, to);
  worker->done++;
  return true;
}

GR_DEV_HOT void wl_edge_insert(struct wl_worker *worker, uint64_t vertex, uint32_t to)
{
  uint64_t *array = (uint64_t *)wl_object(worker, vertex);
  if (array == NULL || (uint32_t)array[0] == array[0] >> 32) {
    if (!wl_array_move(worker, vertex, array == NULL ? WL_DEGREE_LEAST : 2u * (array[0] >> 32))) {
      return;
    }
    array = (uint64_t *)wl_object(worker, vertex);
  }
  wl_neighbours(array)[(uint32_t)array[0]] = to;
  array[0]++;
}
GR_DEV_HOT void wl_edge_delete(struct wl_worker *worker, uint64_t vertex, uint32_t to)
{
  uint64_t *array = (uint64_t *)wl_object(worker, vertex);
  const uint32_t count = array == NULL ? 0u : (uint32_t)array[0];
  uint32_t i = 0u;
  while (i < count && wl_neighbours(array)[i] != to) {
    i++;
  }
  if (i == count) {
    worker->wrong++; /* it was inserted */
    return;
  }
  wl_neighbours(array)[i] = wl_neighbours(array)[count - 1u];
  array[0]--;
  const uint64_t capacity = array[0] >> 32;
  if (capacity > WL_DEGREE_LEAST && 4u * (count - 1u) <= capacity) {
    wl_array_move(worker, vertex, capacity / 2u);
  }
}

/* Where edge i of a batch begins. */
GR_DEV uint64_t wl_edge_vertex(uint64_t batch, uint64_t i, uint64_t vertices, uint64_t range)
{
  const uint64_t hash = wl_hash(batch << 32 | i);
  return range == 0u || range >= vertices ? wl_below(hash, vertices)
                                          : (wl_below(hash, range) + batch * range) % vertices;
}
/* range 0: all vertices. Afterwards no vertex has a neighbour. */
GR_DEV_HOT void wl_graph(struct wl_worker *worker, uint64_t batch, uint64_t edges,
                         uint64_t vertices, uint64_t range)
{
  for (uint64_t i = 0u; i < edges; i++) {
    wl_edge_insert(worker, wl_edge_vertex(batch, i, vertices, range), (uint32_t)i);
  }
  for (uint64_t i = 0u; i < edges; i++) {
    wl_edge_delete(worker, wl_edge_vertex(batch, i, vertices, range), (uint32_t)i);
  }
}
GR_DEV_HOT void wl_graph_end(struct wl_worker *worker, uint64_t vertices)
{
  for (uint64_t i = 0u; i < vertices; i++) {
    uint64_t *array = (uint64_t *)wl_object(worker, i);
    if (array != NULL) {
      worker->wrong += (uint32_t)array[0] != 0u;
      wl_free_apart(worker, array);
    }
    wl_keep(worker, i, NULL);
  }
}
