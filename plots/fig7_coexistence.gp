# fig7_coexistence.gp - exp7: what a heavy foreground and small tasks beside it cost each other.
# Called by plots/plot with the rows of pairs.awk (data). Next: fig8_ablation.gp

load dir."/style.gp"

heading = "Foreground and tasks beside each other (".where.")"
x_label = "time beside the other by time alone (log scale; 1: it costs nothing)"
one_label = "foreground"
two_label = "tasks (median latency)"
least = 0.001
level = 1
load dir."/pairs.gp"
