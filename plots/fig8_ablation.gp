# fig8_ablation.gp - exp8: the scheduler, or the allocator, with one part left out, against all on.
# Called by plots/plot with the rows of pairs.awk (data). Next: fig8_teams.gp

load dir."/style.gp"

heading = "Scheduler and allocator without a part, 4 teams (".where.")"
x_label = "time without the part by time with all on (log scale; right of 1: the part pays)"
one_label = "slow-down without it"
two_label = ""
least = 0.001
level = 1
load dir."/pairs.gp"
