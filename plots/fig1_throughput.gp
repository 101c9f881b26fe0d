# fig1_throughput.gp - exp1: tasks per second against the tasks kept in flight, a line per variant.
# Called by plots/plot with the rows of series.awk (data). Both axes are logarithmic. Bars:
# interval. The paper gives only a ratio for this (3-10 times), no rate, so none of its numbers is
# drawn. Next: fig0_runtime_loop.gp

load dir."/style.gp"

x_label = "tasks in flight (window, log scale)"
y_label = "tasks per second (log scale)"
y_format = "%.0s %c"
heading = "Throughput by window (".where.")"
x_base = 2
load dir."/lines.gp"
