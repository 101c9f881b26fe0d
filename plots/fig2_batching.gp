# fig2_batching.gp - exp2: the time of one call of the host's against how many are out at once, a
# line for each preset of the mediator. Both axes are logarithmic. Bars: interval.
# Called by plots/plot with the rows of series.awk (data). Next: fig3_rate.gp

load dir."/style.gp"

x_label = "calls out at once (log scale)"
y_label = "time of a call, µs (log scale)"
y_format = "%g"
heading = what.", by the mediator's idling (".where.")"
x_base = 2
load dir."/lines.gp"
