# fig3_latency.gp - exp3: how long single calls take, by allocator: the median and what 99 % do not
# exceed. Each call is timed by itself, so what a clock costs is in both; `bump` has little else.
# Called by plots/plot with the rows of pairs.awk (data). Next: fig3_speedup.gp

load dir."/style.gp"

heading = "Single allocations (".where.")"
x_label = "time of one call, with the clock's own, ns (log scale; left is faster)"
one_label = "median"
two_label = "99th percentile"
least = 0.1
load dir."/pairs.gp"
