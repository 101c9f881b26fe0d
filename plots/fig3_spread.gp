# fig3_spread.gp - exp3: how far apart objects lie after so many rounds of allocating and freeing, a
# line per allocator (of all rounds together, by the objects' bytes; 1: no byte between them, all
# memory is used again).
# Called by plots/plot with the rows of series.awk (data). Next: fig3_latency.gp

load dir."/style.gp"

x_label = "rounds (log scale)"
y_label = "address range by bytes of objects (log; 1 is best)"
y_format = "%g"
heading = "Fragmentation over rounds: ".what." (".where.")"
x_base = 10
load dir."/lines.gp"
