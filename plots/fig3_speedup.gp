# fig3_speedup.gp - exp3: the slab's rate by another allocator's, measured in turns in one process,
# against the size (above 1 the slab is faster).
# Called by plots/plot with the rows of series.awk (data). Next: fig3_programs.gp

load dir."/style.gp"

x_label = "size of an object, bytes (log scale)"
y_label = "slab's pairs per second by the other's"
y_linear = 1
y_format = "%g"
heading = "The slab against others, one team (".where.")"
x_base = 2
load dir."/lines.gp"
