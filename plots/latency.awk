# latency.awk - points.csv of exp1 to one row per variant, for fig1_launch_latency.gp. Loaded after
# csv.awk.
# Use: awk -v device=cpu -v notes=FILE -f csv.awk -f latency.awk points.csv
# Promises: rows sorted by the median round trip, fastest last (gnuplot counts upwards), all cells
# plain. A variant measured at several settings gives a row for each, named by the factors that
# differ. What is not drawn (failed, skipped, no value) goes to the notes file, one sentence a
# line. Next: fig1_launch_latency.gp

function factor_key(    i, key) {
  for (i = csv_factor_first; i <= csv_column_count; i++)
    key = key "|" csv_cell[i]
  return key
}

function record(    metric, id, i) {
  metric = get("metric")
  if (get("device") != device || (metric != "start_latency_us" && metric != "roundtrip_us")) return
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

# Rows without a round trip are sorted by their start.
function sort_value(id) {
  return (id SUBSEP "roundtrip_us" SUBSEP "p50") in value ? value[id, "roundtrip_us", "p50"] + 0 \
                                                          : value[id, "start_latency_us", "p50"] + 0
}

BEGIN { field_count = split("p50 p99 ci_lo ci_hi n", field, " ") }

END {
  print "row,label,start_p50,start_p99,start_lo,start_hi,trip_p50,trip_p99,trip_lo,trip_hi,n"
  for (i = 2; i <= id_count; i++)
    for (j = i; j > 1 && sort_value(order[j]) > sort_value(order[j - 1]); j--) {
      swap = order[j]; order[j] = order[j - 1]; order[j - 1] = swap
    }
  for (i = 1; i <= id_count; i++) {
    id = order[i]
    line = i "," label_of(id)
    for (j = 1; j < field_count; j++) line = line "," value[id, "start_latency_us", field[j]]
    for (j = 1; j < field_count; j++) line = line "," value[id, "roundtrip_us", field[j]]
    n = value[id, "roundtrip_us", "n"]
    print line "," (n == "" ? value[id, "start_latency_us", "n"] : n)
  }
}
