# fig1_graph_replay.gp - exp1: time per node of a replayed graph against its size, a line per
# variant.
# Called by plots/plot with the rows of series.awk (data). Next: fig6_fairness.gp

load dir."/style.gp"

x_label = "nodes (log scale)"
y_label = "time per node, µs (log scale)"
y_format = "%g"
heading = "Graph replay: ".what." (".where.")"
x_base = 10
load dir."/lines.gp"
