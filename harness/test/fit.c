/* fit.c - see fit.h. Next: test_ledger.c */
#include "fit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "results.h"

#define POINTS_MAX 400u

struct maker {
  struct made_point point[POINTS_MAX];
  size_t count;
  char columns[256];
};

static void add_column(struct maker *maker, const char *name)
{
  if (hx_text_lists(maker->columns, name))
    return;
  if (maker->columns[0] != '\0')
    strcat(maker->columns, ",");
  strcat(maker->columns, name);
}

static void add_point(struct maker *maker, const struct hx_claim_select *select, const char *x)
{
  char factors[256] = "";
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)select->factors, key, value)
  {
    add_column(maker, key);
    sprintf(factors + strlen(factors), "%s%s=%s", factors[0] != '\0' ? "," : "", key,
            json_string_value(value));
  }
  if (x != NULL) {
    add_column(maker, select->by);
    sprintf(factors + strlen(factors), "%s%s=%s", factors[0] != '\0' ? "," : "", select->by, x);
  }
  const char *variant = select->variant[0] != '\0' ? select->variant : "any";
  const char *metric = select->metric[0] != '\0' ? select->metric : "some_us";
  char sorted[256]; /* the same factors in another order are the same point */
  struct hx_text_list list = {0};
  hx_text_split(factors, ',', &list);
  sorted[0] = '\0';
  for (int pass = 0; pass < 256 && list.count > 0; pass++) {
    for (size_t i = 0; i < list.count; i++) {
      if ((unsigned char)list.item[i][0] == (unsigned)pass)
        sprintf(sorted + strlen(sorted), "%s%s", sorted[0] != '\0' ? "," : "", list.item[i]);
    }
  }
  hx_text_list_fini(&list);
  for (size_t i = 0; i < maker->count; i++) {
    if (strcmp(maker->point[i].variant, variant) == 0 &&
        strcmp(maker->point[i].metric, metric) == 0 && strcmp(maker->point[i].factors, sorted) == 0)
      return;
  }
  cr_assert_lt(maker->count, POINTS_MAX);
  const double made = 1.0 + (double)(strlen(variant) % 7);
  maker->point[maker->count++] =
      (struct made_point){variant, metric, "u", strdup(sorted), made, made / 1000.0, 20, NULL};
}

static void add_select(struct maker *maker, const struct hx_claim_select *select)
{
  static const char *const x[] = {"1", "4", "16", "64"};
  if (select->by == NULL) /* there is no b */
    return;
  for (size_t i = 0; i < (select->by[0] != '\0' ? 4 : 1); i++)
    add_point(maker, select, select->by[0] != '\0' ? x[i] : NULL);
}

/* All points of this variant fail: one row each, whatever it measures. */
static void fail_variant(struct maker *maker, const char *variant)
{
  size_t kept = 0;
  for (size_t i = 0; i < maker->count; i++) {
    struct made_point point = maker->point[i];
    bool again = false;
    if (strcmp(point.variant, variant) == 0)
      point = (struct made_point){variant, "", "", point.factors, 0.0, 0.0, 0, "failed"};
    for (size_t k = 0; k < kept && point.status != NULL; k++)
      again = again || (maker->point[k].status != NULL &&
                        strcmp(maker->point[k].factors, point.factors) == 0);
    if (again)
      free((void *)point.factors);
    else
      maker->point[kept++] = point;
  }
  maker->count = kept;
}

void fit_claims(const struct hx_claims *claims, const char *folder, const struct fit_device *on,
                const char *failing)
{
  for (size_t i = 0; i < claims->count; i++) {
    static struct maker maker;
    const char *experiment = claims->claim[i].experiment;
    maker.count = 0;
    maker.columns[0] = '\0';
    for (size_t k = 0; k < claims->count; k++) {
      const struct hx_claim *claim = &claims->claim[k];
      if (strcmp(claim->experiment, experiment) != 0 ||
          strncmp(on->device, claim->class_device, strlen(claim->class_device)) != 0)
        continue;
      add_select(&maker, &claim->a);
      add_select(&maker, &claim->b);
    }
    if (failing != NULL)
      fail_variant(&maker, failing);
    const struct made_run run = {experiment,  on->device,  on->text, maker.columns,
                                 maker.point, maker.count, NULL};
    if (maker.count > 0)
      results_make(folder, &run);
    for (size_t k = 0; k < maker.count; k++)
      free((void *)maker.point[k].factors);
  }
}
