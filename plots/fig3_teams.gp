# fig3_teams.gp - exp3: pairs of alloc and free a second against the teams that allocate at once, a
# line per allocator.
# Called by plots/plot with the rows of series.awk (data). Next: fig3_spread.gp

load dir."/style.gp"

x_label = "teams (log scale)"
y_label = "alloc and free, pairs per second, all teams (log scale)"
y_format = "%.0s %c"
heading = "Allocation by teams: ".what." (".where.")"
x_base = 2
load dir."/lines.gp"
