/* work.h - what larger pieces of work are made of, in device memory: tiled tasks, graphs,
 * events.
 *
 * The tables of who writes what stand in the file that has the protocol, named at each struct.
 * Next: dev.h (which has the arrays of them). */
#pragma once

#include "port/port.h"
#include "shared/task.h"

/* A task of tiles that several teams work on; see device/tiles.h. */
struct gr_tiles {
  gr_au64 next __attribute__((aligned(GR_LINE_BYTES))); /* first tile that nobody has claimed */
  gr_au32 left;        /* tiles whose team has not said that they are done */
  gr_au32 parts;       /* parts that may still touch this record */
  gr_au32 status;      /* first failure, as uint32_t, else 0: CAS decides */
  gr_au32 next_free;   /* pool.h */
  struct gr_task task; /* what is tiled; owner: who took the record, then who ends it */
};
static_assert(sizeof(struct gr_tiles) == GR_LINE_BYTES, "one line");

/* A node of a resident graph; see device/graph.h. */
struct gr_node {
  gr_au32 arrivals __attribute__((aligned(GR_LINE_BYTES))); /* ends of nodes before it, ever */
  uint32_t fan_in;                                          /* nodes before it */
  uint32_t first_edge; /* into gr_dev.edge: the nodes behind it */
  uint32_t edges;
  uint32_t graph;  /* index of its instance */
  uint32_t prefer; /* team + 1 that it runs on if that is idle; 0: any */
  uint32_t next_owed;
  uint32_t follower;   /* index + 1 of the one node behind it, if that waits for no other node and
                          runs on any team; else 0 */
  struct gr_task task; /* ready to travel, but for its context */
};
static_assert(sizeof(struct gr_node) == GR_LINE_BYTES, "arrivals of two nodes share no line");

/* An instance of a graph. Its handle is generation << 16 | index; the state of one that can be
 * launched is the handle less the index, and GR_GRAPH_RUNS while it runs or is being built; with
 * GR_GRAPH_BARE there is nothing to launch. */
struct gr_graph {
  gr_au32 state __attribute__((aligned(GR_LINE_BYTES)));
  gr_au32 status;      /* first failure of this run, as uint32_t, else 0: CAS decides */
  uint32_t iteration;  /* since it was loaded */
  uint32_t first_root; /* into gr_dev.edge */
  uint32_t roots;
  uint32_t end;                   /* index of its last node */
  uint32_t tasks;                 /* that an iteration runs */
  uint32_t number;                /* of the task that launched this run, in a trace */
  uint32_t first_node, node_room; /* its part of the table of nodes, as long as it lives */
  uint32_t first_edge, edge_room; /* and, of the edges, how many a plan may have */
  struct gr_task task;            /* that launched this run */
};
static_assert(sizeof(struct gr_graph) == GR_LINE_BYTES, "one line");
#define GR_GRAPH_RUNS 1u
#define GR_GRAPH_BARE 2u

/* An event and a task that waits for one, or at a channel; see device/event.h, channel_wait.h. An
 * event's handle is generation << 16 | index, and its word has both in the same place. */
struct gr_event {
  gr_au64 word __attribute__((aligned(GR_LINE_BYTES)));
};
#define GR_EVENT_VALUE(word)      ((uint32_t)((word) >> 32))
#define GR_EVENT_GENERATION(word) ((uint32_t)(word) >> 16)   /* 0: closed */
#define GR_EVENT_TOP(word)        ((uint32_t)(word)&0xffffu) /* index + 1 of the first node */
static_assert(GR_WAIT_SLOTS < 0xffffu && GR_EVENTS_MAX <= 0x10000u, "halves of a handle, or word");
struct gr_wait {
  gr_au32 next_free; /* pool.h; while parked at a channel: the same, of those behind it there */
  uint32_t next;     /* while parked at an event or owed: index + 1 of the one behind it, 0: none */
  uint32_t wanted;   /* value that it waits for */
  uint32_t channel;  /* at a channel, as all up to the task: its index << 1 | side */
  uint64_t address;  /* of the message, or of where to put it; 0: the team's scratch */
  uint64_t deadline_ns;
  uint32_t bytes; /* of the message, or of room for it */
  uint32_t capability;
  struct gr_task task;
};
