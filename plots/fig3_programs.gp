# fig3_programs.gp - exp3: the loads of known allocator benchmarks, a figure for each (`what`), by
# allocator.
# Called by plots/plot with the rows of pairs.awk (data). Next: fig6_fairness.gp

load dir."/style.gp"

heading = what.", 2 teams (".where.")"
x_label = "operations per second (log scale; right is faster)"
one_label = "rate"
two_label = ""
least = 1
load dir."/pairs.gp"
