/* graph.h - resident graphs: tasks with an order, loaded once, replayed on the device by one task.
 *
 *   struct grosr_graph *graph;
 *   grosr_graph_new(&graph);
 *   grosr_graph_node(graph, &(struct grosr_node){.name = "load", .op = load}, &a);
 *   grosr_graph_node(graph, &(struct grosr_node){.name = "sum", .op = sum}, &b);
 *   grosr_graph_edge(graph, a, b);
 *   grosr_graph_instantiate(g, graph, &instance);
 *   grosr_graph_launch(g, instance, 0, &ticket);      as often as wanted; ops may launch it, too
 *
 * A *graph* is the host's: no device is needed to build, validate or draw one. An *instance* is its
 * copy on a device; it has one run at a time, and a graph may have many instances. A run is one
 * task: its ticket is done when all nodes are, with 0 or the first failure, after which no more
 * nodes are begun. A builder is used by one thread at a time; the others as in grosr.h.
 *
 * Next: ../../host/graph.c, then ../../device/graph.h. */
#pragma once

#include <grosr/grosr.h>

#ifdef __cplusplus
extern "C" {
#endif

struct grosr_graph;

struct grosr_node {
  const char *name; /* for people; copied, at most 31 characters; NULL: its number */
  uint32_t op;
  uint32_t tiles; /* as in struct grosr_task */
  uint64_t arg[GROSR_ARG_WORDS];
  uint32_t team; /* 1 ... teams: run it on this team (counted from 1) if that is idle; 0: on any */
};

/* -ENOMEM */
int grosr_graph_new(struct grosr_graph **out);
void grosr_graph_free(struct grosr_graph *graph);
/* Adds a node; `index` names it in edges. -ENOMEM, -EINVAL (null pointer). */
int grosr_graph_node(struct grosr_graph *graph, const struct grosr_node *node, uint32_t *index);
/* `to` starts after `from` has ended. -EINVAL: no such node, or both the same. */
int grosr_graph_edge(struct grosr_graph *graph, uint32_t from, uint32_t to);
/* Runs `predicate` after all nodes; more than 0, and the run begins again; 0: it is done; less: it
 * has failed. NULL: once only. */
int grosr_graph_loop(struct grosr_graph *graph, const struct grosr_node *predicate);

/* Whether it can be run with this image: -EINVAL with a sentence for an empty graph, a node whose
 * op the image lacks, too many tiles or nodes before one, a cycle (which is named). */
int grosr_graph_validate(const struct grosr_graph *graph, const struct grosr_image *image);
/* Writes it in the language of Graphviz (dot -Tsvg draws it), with the ops' names if `image` is not
 * NULL; returns its whole length, like snprintf. */
int64_t grosr_graph_dot(const struct grosr_graph *graph, const struct grosr_image *image,
                        char *text, size_t bytes);
/* Writes it to the file `path`: .dot or .gv, as grosr_graph_dot says it; .svg, .pdf or .png, drawn
 * by Graphviz's dot. -EINVAL (another ending), -ENOENT (no dot: install graphviz), -EIO (dot
 * failed; its words are on stderr), an errno of the file. */
int grosr_graph_draw(const struct grosr_graph *graph, const struct grosr_image *image,
                     const char *path);

/* Validates it and loads it onto the device. The graph may be changed or freed afterwards.
 *   -ENOSPC  no room for so many nodes or edges (options.graph_nodes), or 256 instances
 *   -EINVAL  as grosr_graph_validate; and what grosr_submit and grosr_wait answer */
int grosr_graph_instantiate(struct grosr *g, const struct grosr_graph *graph, uint32_t *instance);
/* Reserves room for a graph of up to `nodes` nodes and `edges` edges that an op builds on the
 * device (gr_graph_build_team, device/graph_build.h): launching it before is answered by -ENOENT.
 * -ENOSPC, -EINVAL (no nodes), as grosr_graph_instantiate. */
int grosr_graph_reserve(struct grosr *g, uint32_t nodes, uint32_t edges, uint32_t *instance);
/* Submits a run of it, whose nodes are tasks of `context`. As grosr_submit. The result is -EBUSY if
 * the instance runs already, -ENOENT if there is none. */
int grosr_graph_launch(struct grosr *g, uint32_t instance, uint32_t context, grosr_ticket *ticket);
/* Gives back its place. -EBUSY: it runs; -ENOENT: no such instance. */
int grosr_graph_destroy(struct grosr *g, uint32_t instance);

#ifdef __cplusplus
}
#endif
