# fig6_fairness.gp - exp6: how far the tenants' shares are from their weights, by policy and load.
# Called by plots/plot with the rows of pairs.awk (data). Next: fig6_priority.gp

load dir."/style.gp"

heading = "Fairness: 4 tenants, tasks of 1 µs to 1 ms (".where.")"
x_label = "greatest error of a share, % (log scale; left is fairer; under 0.1 drawn at 0.1)"
one_label = "share error, %"
two_label = ""
least = 0.1
load dir."/pairs.gp"
