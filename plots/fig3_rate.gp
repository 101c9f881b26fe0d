# fig3_rate.gp - exp3: pairs of alloc and free a second against the size, a line per allocator: one
# object at a time (fig3_rate), and many live (fig3_batch; what says which).
# Called by plots/plot with the rows of series.awk (data). Next: fig3_teams.gp

load dir."/style.gp"

x_label = "size of an object, bytes (log scale)"
y_label = "alloc and free, pairs per second (log scale)"
y_format = "%.0s %c"
heading = "Allocation: ".what." (".where.")"
x_base = 2
load dir."/lines.gp"
