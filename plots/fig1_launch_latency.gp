# fig1_launch_latency.gp - exp1: how long a task takes to start, and to come back, by variant.
# Called by plots/plot with the rows of pairs.awk (data) and the paper's of numbers.csv (paper).
# Shows: medians on a log axis, thick bar = interval of the median, thin whisker and tick = p99;
# sorted by round trip. The paper's numbers stand apart, below a line. Next: fig1_throughput.gp

load dir."/style.gp"

width = 940
height = 215 + 34 * (rows + paper_rows) + 14 * note_lines
eval(OPEN)

set title "Dispatch latency by variant (".where.")" offset 0, 2.6
set xlabel "latency, µs (log scale; left is faster)"
set logscale x
set format x "%g"
set lmargin 28
set rmargin 23
set tmargin 7
set border 1
set yrange [-paper_rows - 1.2 : rows + 0.6]
set ytics () scale 0 nomirror
set y2range [-paper_rows - 1.2 : rows + 0.6]
set y2tics () scale 0 nomirror font MONO
set grid noytics noy2tics xtics mxtics lt 1 lc rgb "#CFCFCF" lw 0.7, lt 1 lc rgb "#ECECEC" lw 0.5
set key at graph 0, graph 1 left bottom horizontal samplen 1 maxrows 1 width 1

set label 1 "median, µs" at graph 1, graph 1 offset 2, 1.9 left
set label 2 " start  round trip" at graph 1, graph 1 offset 1, 0.6 left font MONO textcolor rgb GREY
set arrow 1 from graph 0, first 0.1 to graph 1, first 0.1 nohead lc rgb GREY dt 3 lw 1
set label 3 "printed in the paper, not measured here" at graph 0, first 0.1 offset 0.8, -0.75 left \
  textcolor rgb PAPER_COLOR

cell(name) = strlen(strcol(name)) == 0 ? "-" : number(column(name))
number(v) = v >= 100 ? sprintf("%.0f", v) : v >= 10 ? sprintf("%.1f", v) : sprintf("%.2f", v)
UP = 0.16
DOWN = -0.16
TICK = 0.1

start_y = 'column("row") + UP'
trip_y = 'column("row") + DOWN'
plot \
  data using (column("start_p50")):(@start_y):(column("start_p99") - column("start_p50")):(0) \
    with vectors nohead lc rgb ORANGE lw 1 notitle, \
  data using (column("trip_p50")):(@trip_y):(column("trip_p99") - column("trip_p50")):(0) \
    with vectors nohead lc rgb BLUE lw 1 notitle, \
  data using (column("start_p99")):(@start_y - TICK):(0):(2 * TICK) \
    with vectors nohead lc rgb ORANGE lw 1.5 notitle, \
  data using (column("trip_p99")):(@trip_y - TICK):(0):(2 * TICK) \
    with vectors nohead lc rgb BLUE lw 1.5 notitle, \
  data using (column("start_lo")):(@start_y):(column("start_hi") - column("start_lo")):(0) \
    with vectors nohead lc rgb ORANGE lw 5 notitle, \
  data using (column("trip_lo")):(@trip_y):(column("trip_hi") - column("trip_lo")):(0) \
    with vectors nohead lc rgb BLUE lw 5 notitle, \
  data using (column("start_p50")):(@start_y) \
    with points lc rgb ORANGE pt 5 ps 0.8 title "submit to first instruction (start)", \
  data using (column("trip_p50")):(@trip_y):ytic(stringcolumn("label")):\
y2tic(sprintf("%7s %8s", cell("start_p50"), cell("trip_p50"))) \
    with points lc rgb BLUE pt 7 ps 0.8 title "submit to completion seen (round trip)", \
  paper using (column("value")):(-column("row") - 0.4):ytic(stringcolumn("label")):\
y2tic(sprintf("%16s", number(column("value")))) \
    with points lc rgb PAPER_COLOR pt PAPER_POINT ps 1.3 lw 1.5 title "paper, A100 40GB"
set output
