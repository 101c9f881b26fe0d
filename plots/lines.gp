# lines.gp - the body of the line figures: one line with error bars per series, both axes
# logarithmic. Loaded by the figures with lines, which set x_label, y_label, y_format, heading and
# x_base first, and y_linear if their y begins at 0; series is the list of names in the order of the
# key, data the rows of series.awk.

width = 980
height = 470 + 14 * note_lines
eval(OPEN)

set title heading offset 0, 0.3
set xlabel x_label
set ylabel y_label offset -0.5, 0
set logscale x x_base
set logscale y
if (x_base == 2) { set format x "%.0f" } else { set format x "%.0s %c" }
set format y y_format
set lmargin 12
set rmargin 33
set tmargin 3
set grid xtics ytics mytics lt 1 lc rgb "#CFCFCF" lw 0.7, lt 1 lc rgb "#ECECEC" lw 0.5
set key at graph 1.02, graph 1 left top vertical Left reverse samplen 3 spacing 1.25
set xrange [x_low / 1.4 : x_high * 1.4]
set yrange [* : *]
if (exists("y_linear")) { unset logscale y; set yrange [0 : *] }

of(i) = stringcolumn("series") eq word_of(i)
word_of(i) = word(series, i)

plot for [i = 1:words(series)] data \
  using (of(i) ? column("x") : NaN):(column("p50")):(column("lo")):(column("hi")) \
  with yerrorlines lt i lw 1.6 ps 0.8 title word_of(i)
set output
