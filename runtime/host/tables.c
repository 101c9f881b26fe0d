/* tables.c - the tables of larger pieces of work (shared/work.h), reserved and filled before boot.
 *
 * One piece of device memory holds all of them, each from a line of its own on. Called by
 * memory_map.c, once, before it writes the template. Next: launch.c. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "host/grosr_private.h"

enum table {
  TILES = 0,
  GRAPHS = 1,
  NODES = 2,
  EDGES = 3,
  EVENTS = 4,
  WAITS = 5,
  CHANNELS = 6,
  CAPABILITIES = 7,
  MESSAGES = 8,
  TABLES = 9
};

/* Strings `count` elements of `bytes` together, first to last: pool.h. */
static void list_fill(unsigned char *first, size_t next, size_t bytes, uint32_t count)
{
  for (uint32_t i = 0; i + 1u < count; i++) {
    const uint32_t behind = i + 2u; /* index + 1 of the next */
    memcpy(first + i * bytes + next, &behind, sizeof behind);
  }
}

static void tables_fill(unsigned char *memory, const uint64_t *at)
{
  list_fill(memory + at[TILES], offsetof(struct gr_tiles, next_free), sizeof(struct gr_tiles),
            GR_TILE_SLOTS);
  struct gr_event *event = (struct gr_event *)(void *)(memory + at[EVENTS]);
  event[GR_MEMORY_EVENT & 0xffffu].word.v = GR_MEMORY_EVENT & 0xffff0000u; /* open */
  list_fill(memory + at[WAITS], offsetof(struct gr_wait, next_free), sizeof(struct gr_wait),
            GR_WAIT_SLOTS);
}

static void tables_point(struct gr_dev *dev, uint64_t device, const uint64_t *at)
{
  dev->tiles = (struct gr_tiles *)(uintptr_t)(device + at[TILES]);
  dev->tiles_free.v = 1u;
  dev->event = (struct gr_event *)(uintptr_t)(device + at[EVENTS]);
  dev->wait = (struct gr_wait *)(uintptr_t)(device + at[WAITS]);
  dev->wait_free.v = 1u;
  dev->graph = (struct gr_graph *)(uintptr_t)(device + at[GRAPHS]);
  dev->node = (struct gr_node *)(uintptr_t)(device + at[NODES]);
  dev->channel = (struct gr_channel *)(uintptr_t)(device + at[CHANNELS]);
  dev->channels = GR_CHANNELS_MAX;
  dev->capability = (gr_au64 *)(uintptr_t)(device + at[CAPABILITIES]);
  dev->channel_memory = (unsigned char *)(uintptr_t)(device + at[MESSAGES]);
  dev->deadline_ns.v = UINT64_MAX;
  dev->edge = (uint32_t *)(uintptr_t)(device + at[EDGES]);
}

int gr_tables_build(struct grosr *g)
{
  const uint64_t nodes = g->options.graph_nodes;
  const uint64_t bytes[TABLES] = {
      GR_TILE_SLOTS * sizeof(struct gr_tiles), GR_GRAPHS_MAX * sizeof(struct gr_graph),
      nodes * sizeof(struct gr_node), nodes * GR_EDGES_PER_NODE * sizeof(uint32_t),
      GR_EVENTS_MAX * sizeof(struct gr_event), GR_WAIT_SLOTS * sizeof(struct gr_wait),
      GR_CHANNELS_MAX * sizeof(struct gr_channel), GR_CAPABILITIES_MAX * sizeof(gr_au64),
      g->options.channel_bytes};
  uint64_t at[TABLES], end = 0;
  struct gr_piece piece;
  for (int i = 0; i < TABLES; i++) {
    at[i] = end;
    end += (bytes[i] + GR_LINE_BYTES - 1u) & ~(uint64_t)(GR_LINE_BYTES - 1);
  }
  int error = g->backend_ops->take(g->backend, GR_MEMORY_DEVICE, end, &piece);
  if (error < 0) {
    return error;
  }
  unsigned char *memory = calloc(1, end);
  if (memory == NULL) {
    return gr_error_set(-ENOMEM,
                        "no memory for %llu nodes of graphs and %llu bytes of channels; lower "
                        "graph_nodes or channel_bytes",
                        (unsigned long long)nodes, (unsigned long long)g->options.channel_bytes);
  }
  g->memory_bytes += end;
  tables_fill(memory, at);
  g->event_generation[GR_MEMORY_EVENT & 0xffffu].v = GR_MEMORY_EVENT >> 16 << 1 | 1u;
  tables_point(&g->template, piece.device, at);
  error = g->backend_ops->write(g->backend, piece.device, memory, end);
  free(memory);
  return error;
}
