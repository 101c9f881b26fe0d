# pairs.gp - the body of figures with one row per variant and setting, and one metric or two on a
# logarithmic axis. Loaded by the figures, which set heading, x_label, one_label and two_label ("":
# there is no second) first; data the rows of pairs.awk. A level line at `level`, if that is set.

width = 940
height = 240 + 24 * rows + 14 * note_lines
eval(OPEN)

set title heading offset 0, 1.4
set xlabel x_label
set logscale x
set format x "%g"
set lmargin 46
set rmargin 24
set tmargin 5
set border 1
set yrange [0.2 : rows + 0.8]
set ytics () scale 0 nomirror font MONO
set y2range [0.2 : rows + 0.8]
set y2tics () scale 0 nomirror font MONO
set grid noytics noy2tics xtics mxtics lt 1 lc rgb "#CFCFCF" lw 0.7, lt 1 lc rgb "#ECECEC" lw 0.5
set key at graph 0, graph 1 left bottom horizontal samplen 1 maxrows 1 width 1
set label 1 "medians" at graph 1, graph 1 offset 2, 0.6 left font MONO textcolor rgb GREY
if (exists("level")) {
  set arrow 1 from first level, graph 0 to first level, graph 1 nohead lc rgb GREY dt 2 lw 1
}

is_two = two_label ne ""
cell(name) = strlen(strcol(name)) == 0 ? "-" : number(column(name))
number(v) = v >= 100 ? sprintf("%.0f", v) : v >= 10 ? sprintf("%.1f", v) : sprintf("%.2f", v)
cells(row) = is_two ? sprintf("%8s %8s", cell("one_p50"), cell("two_p50")) \
                    : sprintf("%8s", cell("one_p50"))
up = is_two ? 0.14 : 0
# An axis with a logarithm has no place for 0: what is less than `least` is drawn there.
at(name) = strlen(strcol(name)) == 0 ? NaN : column(name) < least ? least : column(name)

plot \
  data using (at("one_lo")):(column("row") + up):(at("one_hi") - at("one_lo")):(0) \
    with vectors nohead lc rgb ORANGE lw 3 notitle, \
  data using (at("two_lo")):(column("row") - up):(at("two_hi") - at("two_lo")):(0) \
    with vectors nohead lc rgb BLUE lw 3 notitle, \
  data using (at("one_p50")):(column("row") + up):ytic(stringcolumn("label")):y2tic(cells(0)) \
    with points lc rgb ORANGE pt 5 ps 0.7 title one_label, \
  data using (at("two_p50")):(column("row") - up) \
    with points lc rgb BLUE pt 7 ps 0.7 title two_label
set output
