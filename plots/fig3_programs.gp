# fig3_programs.gp - exp3: loads of known allocator benchmarks, by allocator.
# Called by plots/plot with the rows of pairs.awk (data). Next: fig6_fairness.gp

load dir."/style.gp"

heading = "Benchmark programs, 2 teams (".where.")"
x_label = "operations per second (log scale; right is faster)"
one_label = "rate"
two_label = ""
least = 1
set format x "%.0s %c"
load dir."/pairs.gp"
