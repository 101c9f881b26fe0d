# fig6_priority.gp - exp6: a tenant of high priority beside a flood, and alone, by policy.
# Called by plots/plot with the rows of pairs.awk (data). Next: fig7_coexistence.gp

load dir."/style.gp"

heading = "A high-priority tenant under flood, 4 tenants (".where.")"
x_label = "99th percentile of the time from due to done, µs (log scale; left is faster)"
one_label = "alone"
two_label = "beside the flood"
least = 0.001
load dir."/pairs.gp"
