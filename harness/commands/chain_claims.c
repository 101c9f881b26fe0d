/* chain_claims.c - claims.json against what the claims are by the samples. See chain.h.
 * Next: sums.h */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chain.h"
#include "claims.h"
#include "store.h"
#include "sums.h"

static const char *text_of(const json_t *object, const char *key)
{
  const char *text = json_string_value(json_object_get(object, key));
  return text != NULL ? text : "(nothing)";
}

/* Names the inputs that are not those it was judged by, and the claims that come out otherwise. */
static void say_what_differs(const char *path, const json_t *kept, const json_t *again, FILE *out)
{
  size_t i;
  json_t *now;
  const char *name;
  const json_t *claims = json_object_get(kept, "claims");
  const json_t *from = json_object_get(kept, "from");
  json_object_foreach(json_object_get(again, "from"), name, now)
  {
    if (!json_equal(json_object_get(from, name), now))
      fprintf(out, "%s was judged by another %s\n", path, name);
  }
  json_array_foreach(json_object_get(again, "claims"), i, now)
  {
    const json_t *then = json_array_get(claims, i);
    if (!json_equal(then, now))
      fprintf(out, "%s: claim %s is %s there, and by the samples %s is %s\n", path,
              text_of(then, "id"), text_of(then, "verdict"), text_of(now, "id"),
              text_of(now, "verdict"));
  }
}

/* To be freed; NULL and a sentence. */
static char *judge_again(const char *run, size_t *count, struct hx_why *why)
{
  char folder[4096];
  char *text = NULL;
  struct hx_claims claims = {0};
  struct hx_claim_results results = {0};
  struct hx_data data = {0};
  int result = hx_claims_find(folder, sizeof(folder), why);
  if (result == 0)
    result = hx_claims_open(&claims, folder, why);
  if (result == 0)
    result = hx_data_open(&data, &run, 1, why);
  if (result == 0)
    result = hx_claims_judge(&claims, &data, &results);
  if (result == 0)
    text = hx_claims_kept_text(&results, &data, folder);
  *count = results.count;
  hx_claims_results_fini(&results);
  hx_data_fini(&data);
  hx_claims_fini(&claims);
  return text;
}

int hx_chain_claims(const char *run, FILE *out, size_t *count)
{
  struct hx_why why = {"out of memory"};
  int wrong = 0;
  char *path = hx_store_path(run, "claims.json");
  *count = 0;
  if (path == NULL || access(path, F_OK) < 0) {
    free(path);
    return 0;
  }
  char *text = judge_again(run, count, &why);
  if (text == NULL) {
    fprintf(out, "%s cannot be judged again: %s\n", path, why.text);
    wrong = 1;
  } else if (hx_sums_compare_text(path, text, strlen(text),
                                  "the samples (`grosr claims --save` judges anew)", out) > 0) {
    json_t *kept = json_load_file(path, 0, NULL);
    json_t *again = json_loads(text, 0, NULL);
    say_what_differs(path, kept, again, out);
    json_decref(kept);
    json_decref(again);
    wrong = 1;
  }
  free(text);
  free(path);
  return wrong;
}
