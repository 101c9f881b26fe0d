# fig8_teams.gp - exp8: time of a task or tile with all on against the number of teams, a line per
# load.
# Called by plots/plot with the rows of series.awk (data). Next: ../results/README.md

load dir."/style.gp"

x_label = "teams (log scale)"
y_label = "time of a task or tile, µs (log scale)"
y_format = "%g"
heading = "More teams, and more teams than cores (".where.")"
x_base = 2
load dir."/lines.gp"
