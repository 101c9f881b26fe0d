# series.awk - one metric of points.csv against one factor, for the line figures. Loaded after
# csv.awk.
# Use: awk -v device=cpu -v metric=M -v x=FACTOR -v by=COLUMN -v where='k=v;k=v' -v notes=FILE
# -f csv.awk -f series.awk points.csv. A series is a value of `by`: variant, or a factor.
# Promises: columns series,x,p50,lo,hi,n,tasks; the rows of a series stand together, sorted by x;
# series sorted by their best value; all cells plain. Where a series has several points at one x,
# the one with most tasks is kept (the steadiest rate). Where task counts differ within the figure,
# they stand in the names. A series without x becomes a level line over all x. A point without
# interval gets lo = hi = p50. The notes file says, one sentence a line, where this was so, and
# which variants have nothing to draw. Next: fig1_throughput.gp

BEGIN { where_count = split(where, condition, ";") }

function record(    name, at, id, i) {
  if (get("device") != device || get("metric") != metric) return
  for (i = 1; i <= where_count; i++) {
    at = index(condition[i], "=")
    if (get(substr(condition[i], 1, at - 1)) != substr(condition[i], at + 1)) return
  }
  name = get(by)
  if (!(name in best)) { best[name] = -1; series[++series_count] = name }
  if (get("status") != "ok" || get("p50") == "") {
    why[name] = plain(get("status") (get("reason") == "" ? "" : ", " get("reason")))
    return
  }
  at = get(x) == "" ? "level" : get(x)
  id = name SUBSEP at
  if (!(id in p50)) row[name, ++row_count[name]] = at
  else if (get("tasks") + 0 <= tasks[id] + 0) return
  p50[id] = get("p50"); n[id] = get("n")
  lo[id] = get("ci_lo") == "" ? p50[id] : get("ci_lo")
  hi[id] = get("ci_hi") == "" ? p50[id] : get("ci_hi")
  bare[id] = get("ci_lo") == ""
  tasks[id] = get("tasks")
  if (at != "level" && (x_least == "" || at + 0 < x_least)) x_least = at + 0
  if (at != "level" && at + 0 > x_most + 0) x_most = at + 0
}

# 1000 as "1k", 2500000 as "2.5M".
function short(count) {
  return count >= 1000000 ? count / 1000000 "M" : count >= 1000 ? count / 1000 "k" : count + 0
}

# "name (1k tasks)", or "name (1k to 1M tasks)"; the name alone if all points have as many tasks.
function title_of(name,    i, count, least, most) {
  for (i = 1; i <= row_count[name]; i++) {
    count = tasks[name, row[name, i]] + 0
    if (least == "" || count < least) least = count
    if (count > most + 0) most = count
  }
  if (x == "tasks" || tasks_least == tasks_most) return name
  return name " (" (least == most ? short(least) : short(least) " to " short(most)) " tasks)"
}

function print_series(name,    i, j, at, swap, id, title, tail) {
  for (i = 2; i <= row_count[name]; i++)
    for (j = i; j > 1 && row[name, j] + 0 < row[name, j - 1] + 0; j--) {
      swap = row[name, j]; row[name, j] = row[name, j - 1]; row[name, j - 1] = swap
    }
  title = plain(title_of(name))
  for (i = 1; i <= row_count[name]; i++) {
    at = row[name, i]; id = name SUBSEP at
    tail = p50[id] "," lo[id] "," hi[id] "," n[id] "," tasks[id]
    if (bare[id]) bare_count++
    if (at != "level") print title "," at "," tail
    else if (row_count[name] == 1) {
      print title "," x_least + 0 "," tail "\n" title "," x_most + 0 "," tail
      print "level line: " plain(name) " has no " x > notes
    }
  }
}

END {
  for (id in tasks) {
    name = substr(id, 1, index(id, SUBSEP) - 1)
    if (p50[id] + 0 > best[name] + 0) best[name] = p50[id]
    if (tasks_least == "" || tasks[id] + 0 < tasks_least) tasks_least = tasks[id] + 0
    if (tasks[id] + 0 > tasks_most + 0) tasks_most = tasks[id] + 0
  }
  print "series,x,p50,lo,hi,n,tasks"
  for (i = 2; i <= series_count; i++)
    for (j = i; j > 1 && best[series[j]] + 0 > best[series[j - 1]] + 0; j--) {
      swap = series[j]; series[j] = series[j - 1]; series[j - 1] = swap
    }
  for (i = 1; i <= series_count; i++) {
    if (row_count[series[i]]) print_series(series[i])
    else print "not drawn: " plain(series[i]) ": " why[series[i]] > notes
  }
  if (bare_count) print bare_count " points have no bar: too few samples for an interval" > notes
}
