# pick.awk - prints some columns of the rows that match. Loaded after csv.awk. Called by plots/plot
# and ci/.
# Use: awk -v where='metric=roundtrip_us;status=ok' -v columns=variant,p50 -f csv.awk -f pick.awk
# points.csv
# Promises: one line per matching row, cells plain, joined by commas; no header. Next: pairs.awk

BEGIN {
  where_count = split(where, condition, ";")
  column_count = split(columns, column, ",")
}

function record(    i, at, line) {
  for (i = 1; i <= where_count; i++) {
    at = index(condition[i], "=")
    if (get(substr(condition[i], 1, at - 1)) != substr(condition[i], at + 1)) return
  }
  for (i = 1; i <= column_count; i++) line = line (i > 1 ? "," : "") plain(get(column[i]))
  print line
}
