# pairs.awk - points.csv to one row per variant and setting, with one metric or two. Loaded after
# csv.awk.
# Use: awk -v device=cpu -v one=M -v two=M -v names='one two' -v where='k=v;k=v' -v notes=FILE
# -f csv.awk -f pairs.awk points.csv. Without `two` its columns are empty; rows that do not match
# `where` are not there.
# Promises: columns row,label, then of each name NAME_p50,p99,lo,hi, then n; rows sorted by the
# median of two (or one), least last (gnuplot counts upwards), all cells plain. A variant measured
# at several settings gives a row for each, named by the factors that differ. What is not drawn
# (failed, skipped, no value) goes to the notes file, one sentence a line. Next:
# fig1_launch_latency.gp, pairs.gp

BEGIN { where_count = split(where, condition, ";") }

function is_wanted(    i, at) {
  if (get("device") != device || (get("metric") != one && get("metric") != two)) return 0
  for (i = 1; i <= where_count; i++) {
    at = index(condition[i], "=")
    if (get(substr(condition[i], 1, at - 1)) != substr(condition[i], at + 1)) return 0
  }
  return 1
}

function factor_key(    i, key) {
  for (i = csv_factor_first; i <= csv_column_count; i++)
    key = key "|" csv_cell[i]
  return key
}

function record(    metric, id, i) {
  metric = get("metric")
  if (!is_wanted()) return
  if (get("status") != "ok" || get("p50") == "") {
    text = get("variant") ": " get("status") (get("reason") == "" ? "" : ", " get("reason"))
    if (!noted[text]++) print "not drawn: " plain(text) > notes
    return
  }
  id = get("variant") factor_key()
  if (!(id in variant)) {
    order[++id_count] = id
    variant[id] = get("variant")
    variant_rows[get("variant")]++
    for (i = csv_factor_first; i <= csv_column_count; i++) factor[id, i] = csv_cell[i]
  }
  for (i = 1; i <= field_count; i++) value[id, metric, field[i]] = get(field[i])
}

# The factors in which this row differs from the variant's others, as " k=v k=v".
function label_of(id,    i, j, text, other) {
  text = variant[id]
  for (i = csv_factor_first; variant_rows[variant[id]] > 1 && i <= csv_column_count; i++)
    for (j = 1; j <= id_count; j++) {
      other = order[j]
      if (variant[other] == variant[id] && factor[other, i] != factor[id, i]) {
        text = text " " csv_name[i] "=" (factor[id, i] == "" ? "-" : factor[id, i])
        break
      }
    }
  return plain(text)
}

function columns(name) {
  return name "_p50," name "_p99," name "_lo," name "_hi"
}

# Rows without the second are sorted by the first.
function sort_value(id) {
  return (id SUBSEP two SUBSEP "p50") in value ? value[id, two, "p50"] + 0 \
                                                : value[id, one, "p50"] + 0
}

BEGIN { field_count = split("p50 p99 ci_lo ci_hi n", field, " ") }

END {
  split(names, name, " ")
  print "row,label," columns(name[1]) "," columns(name[2]) ",n"
  for (i = 2; i <= id_count; i++)
    for (j = i; j > 1 && sort_value(order[j]) > sort_value(order[j - 1]); j--) {
      swap = order[j]; order[j] = order[j - 1]; order[j - 1] = swap
    }
  for (i = 1; i <= id_count; i++) {
    id = order[i]
    line = i "," label_of(id)
    for (j = 1; j < field_count; j++) line = line "," value[id, one, field[j]]
    for (j = 1; j < field_count; j++) line = line "," value[id, two, field[j]]
    n = value[id, two, "n"]
    print line "," (n == "" ? value[id, one, "n"] : n)
  }
}
