/* graph_dot.c - a graph in the language of Graphviz, and drawn by its program dot.
 *
 * Next: graph_instance.c. */
#include <errno.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/graph.h"
#include "shared/image.h"

/* What is written goes on being counted when there is no more room. */
struct text {
  char *at;
  size_t bytes;
  size_t used;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
  va_list arguments;
  const bool has_room = text->used < text->bytes;
  va_start(arguments, format);
  const int length = vsnprintf(has_room ? text->at + text->used : NULL,
                               has_room ? text->bytes - text->used : 0u, format, arguments);
  va_end(arguments);
  text->used += length > 0 ? (size_t)length : 0u;
}

static void add_node(struct text *text, const struct gr_graph_node *node, const char *id,
                     const struct grosr_image *image)
{
  add(text, "  %s [label=\"", id);
  for (const char *c = node->name; *c != '\0'; c++) {
    add(text, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
  }
  if (image != NULL && node->node.op < image->op_count) {
    add(text, "\\n%s", image->op_names[node->node.op]);
  } else {
    add(text, "\\nop %u", node->node.op);
  }
  if (node->node.tiles > 1u) {
    add(text, " x %u", node->node.tiles);
  }
  if (node->node.team != 0u) {
    add(text, "\\nteam %u", node->node.team);
  }
  add(text, "\"];\n");
}

int64_t grosr_graph_dot(const struct grosr_graph *graph, const struct grosr_image *image,
                        char *text, size_t bytes)
{
  if (graph == NULL || (text == NULL && bytes != 0)) {
    return gr_error_set(-EINVAL, "grosr_graph_dot: a null pointer");
  }
  struct text out = {text, bytes, 0};
  char id[16];
  if (bytes != 0) {
    text[0] = '\0';
  }
  add(&out, "digraph grosr {\n  node [shape=box];\n");
  for (uint32_t i = 0; i < graph->nodes; i++) {
    snprintf(id, sizeof id, "n%u", i);
    add_node(&out, &graph->node[i], id, image);
  }
  for (uint32_t i = 0; i < graph->edges; i++) {
    add(&out, "  n%u -> n%u;\n", graph->edge[i].from, graph->edge[i].to);
  }
  if (graph->has_loop) {
    add_node(&out, &graph->loop, "loop", image);
    for (uint32_t i = 0; i < graph->nodes; i++) {
      if (graph->node[i].fan_out == 0) {
        add(&out, "  n%u -> loop;\n", i);
      }
      if (graph->node[i].fan_in == 0) {
        add(&out, "  loop -> n%u [style=dashed];\n", i);
      }
    }
  }
  add(&out, "}\n");
  return (int64_t)out.used;
}

/* ---- files ---- */

static int text_write(const char *path, const char *text)
{
  FILE *file = fopen(path, "w");
  if (file == NULL) {
    return gr_error_set(-errno, "cannot write %s: %s", path, strerror(errno));
  }
  const bool is_written = fputs(text, file) >= 0;
  if (fclose(file) != 0 || !is_written) {
    return gr_error_set(-errno, "cannot write %s: %s", path, strerror(errno));
  }
  return 0;
}

/* `dot -T<format> -o <path> <source>` */
static int dot_run(const char *format, const char *source, const char *path)
{
  extern char **environ;
  char type[16];
  char *const arguments[] = {(char *)"dot", type, (char *)"-o", (char *)path, (char *)source, NULL};
  pid_t child;
  int status = 0;
  snprintf(type, sizeof type, "-T%s", format);
  const int error = posix_spawnp(&child, "dot", NULL, NULL, arguments, environ);
  if (error != 0) {
    return gr_error_set(-error, "cannot run dot: %s; install graphviz, or ask for a .dot file",
                        strerror(error));
  }
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status == 0 ? 0 : gr_error_set(-EIO, "dot could not draw %s; see what it says", path);
}

int grosr_graph_draw(const struct grosr_graph *graph, const struct grosr_image *image,
                     const char *path)
{
  const char *format = path != NULL ? strrchr(path, '.') : NULL;
  if (graph == NULL || path == NULL) {
    return gr_error_set(-EINVAL, "grosr_graph_draw: a null pointer");
  }
  format = format != NULL ? format + 1 : "";
  const bool is_source = strcmp(format, "dot") == 0 || strcmp(format, "gv") == 0;
  if (!is_source && strcmp(format, "svg") != 0 && strcmp(format, "pdf") != 0 &&
      strcmp(format, "png") != 0) {
    return gr_error_set(-EINVAL, "%s: end its name in .dot, .gv, .svg, .pdf or .png", path);
  }
  const int64_t length = grosr_graph_dot(graph, image, NULL, 0);
  const size_t room = strlen(path) + sizeof ".dot";
  char *text = malloc((size_t)length + 1u);
  char *source = malloc(room);
  int error = text != NULL && source != NULL
                  ? 0
                  : gr_error_set(-ENOMEM, "no memory to draw %u nodes", graph->nodes);
  if (error == 0) {
    grosr_graph_dot(graph, image, text, (size_t)length + 1u);
    snprintf(source, room, "%s%s", path, is_source ? "" : ".dot");
    error = text_write(source, text);
  }
  if (error == 0 && !is_source) {
    error = dot_run(format, source, path);
    unlink(source);
  }
  free(text);
  free(source);
  return error;
}
