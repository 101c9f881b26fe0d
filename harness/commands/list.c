/* list.c - see list.h. Next: child.c */
#include "list.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"

static const char *text_of(const json_t *object, const char *key)
{
  const char *text = json_string_value(json_object_get(object, key));
  return text != NULL ? text : "";
}

/* The variants for one device on one line; nothing if there are none. */
static void print_variants(const json_t *variants, const char *device)
{
  const char *before = NULL;
  size_t i;
  json_t *variant;
  json_array_foreach(variants, i, variant)
  {
    if (strcmp(text_of(variant, "device"), device) != 0)
      continue;
    if (before == NULL)
      printf("  %-8s", device);
    before = " ";
    printf("%s%s", before, text_of(variant, "name"));
  }
  if (before != NULL)
    printf("\n");
}

/* The factor's values elsewhere than in the smoke tier, where they are others. */
static void print_values(const json_t *factor, const char *where, const char *smoke)
{
  const char *values = text_of(factor, where);
  if (strcmp(values, smoke) != 0)
    printf(" (%s: %s)", where, values);
}

static void print_table(const json_t *table)
{
  const json_t *factors = json_object_get(table, "factors");
  const json_t *variants = json_object_get(table, "variants");
  size_t i;
  json_t *factor;
  printf("%s: %s\n", text_of(table, "name"), text_of(table, "title"));
  print_variants(variants, "any");
  print_variants(variants, "cpu");
  print_variants(variants, "cuda");
  print_variants(variants, "sim");
  json_array_foreach(factors, i, factor)
  {
    const char *smoke = text_of(factor, "smoke");
    printf("  factor   %s: %s", text_of(factor, "name"), smoke);
    print_values(factor, "paper", smoke);
    print_values(factor, "sim", smoke);
    printf("\n");
  }
}

int hx_list_one(const char *folder, const char *name)
{
  char option[] = "--describe";
  char *path = NULL;
  json_t *table = NULL;
  int result = -EPROTO;
  if (asprintf(&path, "%s/%s", folder, name) < 0)
    return -ENOMEM;
  char *argv[] = {path, option, NULL};
  struct hx_child child = {0};
  child.path = path;
  child.argv = argv;
  child.output = HX_CHILD_KEEP;
  if (hx_child_run(&child) == 0 && child.exit_code == 0 && child.text != NULL)
    table = json_loads(child.text, 0, NULL);
  if (json_is_object(table)) {
    print_table(table);
    result = 0;
  }
  json_decref(table);
  free(child.text);
  free(path);
  return result;
}
