# fig0_runtime_loop.gp - exp0: tasks per second of the runtime loop against the number of tasks.
# Called by plots/plot with the rows of series.awk (data). Both axes are logarithmic. Bars:
# interval. The paper gives no number for this experiment. Next: results/README.md

load dir."/style.gp"

x_label = "tasks run through one runtime (log scale)"
y_label = "tasks per second (log scale)"
y_format = "%.0s %c"
heading = "Runtime loop: add/mul tasks per second (".where.")"
x_base = 10
load dir."/lines.gp"
