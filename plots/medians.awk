# medians.awk - a small table of medians by variant, for people. Loaded after csv.awk.
# Use: awk -f csv.awk -f medians.awk points.csv. Called by ci/reproduce and ci/gpu.
# Promises: one line per variant and device; of the throughputs with most tasks the best; "-" =
# none. Next: ../results/README.md

function record(    id, metric) {
  experiment = get("experiment")
  id = get("variant") SUBSEP get("device")
  if (!(id in known)) { known[id] = 1; order[++count] = id }
  if (get("status") != "ok" || get("p50") == "") return
  metric = get("metric")
  if (metric == "throughput_tasks_s") {
    if (get("tasks") + 0 < most[id] + 0) return
    if (get("tasks") + 0 > most[id] + 0 || get("p50") + 0 > value[id, metric] + 0)
      value[id, metric] = get("p50")
    most[id] = get("tasks")
  } else if (!((id, metric) in value)) value[id, metric] = get("p50")
}

function cell(id, metric, format) {
  return (id, metric) in value ? sprintf(format, value[id, metric]) : "-"
}

END {
  printf "%s (medians; throughput: the best with most tasks)\n", experiment
  form = "  %-18s %-8s %10s %14s %14s\n"
  printf form, "variant", "device", "start, us", "round trip, us", "tasks/s"
  for (i = 1; i <= count; i++) {
    split(order[i], part, SUBSEP)
    printf form, part[1], part[2], cell(order[i], "start_latency_us", "%.2f"),
           cell(order[i], "roundtrip_us", "%.2f"), cell(order[i], "throughput_tasks_s", "%.3g")
  }
}
