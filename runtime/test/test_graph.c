/* test_graph.c - graphs as the host builds them: what is refused, and the drawing.
 * Next: test_join.c. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <grosr/graph.h>

#include "test_steps.h"

/* a -> b -> c -> d -> b, and e. */
static struct grosr_graph *five(void)
{
  static const char *const names[] = {"a", "b", "c", "d", "e"};
  struct grosr_graph *graph = NULL;
  cr_assert_eq(grosr_graph_new(&graph), 0);
  for (uint32_t i = 0; i < 5u; i++) {
    struct grosr_node node = {0};
    uint32_t index = 9;
    node.name = names[i];
    cr_assert_eq(grosr_graph_node(graph, &node, &index), 0);
    cr_assert_eq(index, i);
  }
  cr_assert_eq(grosr_graph_edge(graph, 0, 1), 0);
  cr_assert_eq(grosr_graph_edge(graph, 1, 2), 0);
  cr_assert_eq(grosr_graph_edge(graph, 2, 3), 0);
  return graph;
}

static void refused(const struct grosr_graph *graph, const char *why)
{
  cr_assert_eq(grosr_graph_validate(graph, &grosr_image_test), -EINVAL);
  cr_assert(strstr(grosr_last_error(), why) != NULL, "%s", grosr_last_error());
}

Test(graph, what_cannot_run_is_refused_with_its_reason)
{
  struct grosr_graph *graph = NULL;
  struct grosr_node node = {0};
  cr_assert_eq(grosr_graph_new(&graph), 0);
  refused(graph, "the graph is empty");
  node.name = "far";
  node.op = 1000;
  cr_assert_eq(grosr_graph_node(graph, &node, NULL), 0);
  refused(graph, "node 'far': op 1000 is not in image 'test'");
  cr_assert_eq(grosr_graph_edge(graph, 0, 0), -EINVAL);
  cr_assert_eq(grosr_graph_edge(graph, 0, 1), -EINVAL);
  grosr_graph_free(graph);
  cr_assert_eq(grosr_graph_new(NULL), -EINVAL);
  cr_assert_eq(grosr_graph_validate(NULL, &grosr_image_test), -EINVAL);
  grosr_graph_free(NULL);
}

Test(graph, a_cycle_is_named)
{
  struct grosr_graph *graph = five();
  cr_assert_eq(grosr_graph_validate(graph, &grosr_image_test), 0);
  cr_assert_eq(grosr_graph_edge(graph, 3, 1), 0);
  refused(graph, "cycle");
  const char *text = grosr_last_error();
  cr_assert(strstr(text, "b -> c -> d -> b") != NULL || strstr(text, "c -> d -> b -> c") != NULL ||
                strstr(text, "d -> b -> c -> d") != NULL,
            "%s", text);
  cr_assert(strstr(text, "a ->") == NULL && strstr(text, "e") != NULL);
  grosr_graph_free(graph);
}

Test(graph, a_long_cycle_is_cut)
{
  struct grosr_graph *graph = NULL;
  struct grosr_node node = {0};
  cr_assert_eq(grosr_graph_new(&graph), 0);
  for (uint32_t i = 0; i < 500u; i++) {
    cr_assert_eq(grosr_graph_node(graph, &node, NULL), 0);
  }
  for (uint32_t i = 0; i < 500u; i++) {
    cr_assert_eq(grosr_graph_edge(graph, i, (i + 1u) % 500u), 0);
  }
  refused(graph, "the graph has a cycle: ... -> ");
  grosr_graph_free(graph);
}

Test(graph, drawing_counts_like_snprintf)
{
  struct grosr_graph *graph = five();
  struct grosr_node node = {0};
  char text[1024], part[40];
  node.name = "go \"on\"";
  node.tiles = 7;
  cr_assert_eq(grosr_graph_loop(graph, &node), 0);
  const int64_t length = grosr_graph_dot(graph, &grosr_image_test, text, sizeof text);
  cr_assert_eq(length, (int64_t)strlen(text));
  cr_assert(strstr(text, "digraph") == text && strstr(text, "n1 -> n2;") != NULL);
  cr_assert(strstr(text, "go \\\"on\\\"\\ncount x 7") != NULL, "%s", text);
  cr_assert(strstr(text, "n3 -> loop;") != NULL && strstr(text, "loop -> n0") != NULL);
  cr_assert_eq(grosr_graph_dot(graph, &grosr_image_test, NULL, 0), length);
  cr_assert_eq(grosr_graph_dot(graph, &grosr_image_test, part, sizeof part), length);
  cr_assert_eq(strncmp(text, part, sizeof part - 1u), 0);
  grosr_graph_free(graph);
}

Test(graph, drawing_to_a_file)
{
  struct grosr_graph *graph = five();
  char dot[] = "/tmp/grosr_graph_XXXXXX.dot", svg[sizeof dot], line[64] = "";
  const int file = mkstemps(dot, 4);
  cr_assert_geq(file, 0);
  close(file);
  cr_assert_eq(grosr_graph_draw(graph, &grosr_image_test, dot), 0);
  FILE *text = fopen(dot, "r");
  cr_assert(text != NULL && fgets(line, sizeof line, text) != NULL);
  cr_assert_eq(strncmp(line, "digraph", 7), 0);
  fclose(text);
  snprintf(svg, sizeof svg, "%.*s.svg", (int)sizeof dot - 5, dot);
  const int drawn = grosr_graph_draw(graph, &grosr_image_test, svg);
  cr_assert(drawn == 0 || drawn == -ENOENT, "%s", grosr_last_error());
  cr_assert_eq(access(svg, R_OK) == 0, drawn == 0);
  cr_assert_eq(grosr_graph_draw(graph, NULL, "graph.jpeg"), -EINVAL);
  cr_assert_eq(grosr_graph_draw(graph, NULL, "/no/such/folder/graph.gv"), -ENOENT);
  setenv("PATH", "/no/such/folder", 1);
  cr_assert_eq(grosr_graph_draw(graph, NULL, svg), -ENOENT);
  cr_assert(strstr(grosr_last_error(), "install graphviz") != NULL);
  unlink(dot);
  unlink(svg);
  grosr_graph_free(graph);
}
