# style.gp - what all figures share: terminal, fonts, palette, grid, footer. Loaded first by each
# figure. plots/plot sets, before it loads a figure: kind (svg or pdf), out, data, device, machine,
# run_id, notes (finished footer lines), note_lines, rows. Figures set width and height in pixels
# and call these macros. Palette: Okabe and Ito, which colour-blind readers can tell apart; shapes
# differ as well. Paper's numbers: always PAPER_COLOR, hollow diamond, never a line through them.
# Next: fig1_launch_latency.gp

set encoding utf8
set datafile separator comma
set macros

BLACK = "#000000"
ORANGE = "#E69F00"
SKY = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
RED = "#D55E00"
PINK = "#CC79A7"
GREY = "#5A5A5A"
PAPER_COLOR = "#5A5A5A"
PAPER_POINT = 12
MONO = kind eq "pdf" ? "Monospace,8.6" : "monospace,12"

# Series 1 to 12: colour, point shape and dash. Yellow is too pale on white and is not used.
set linetype 1 lc rgb BLUE pt 7 dt 1
set linetype 2 lc rgb RED pt 5 dt 1
set linetype 3 lc rgb GREEN pt 9 dt 1
set linetype 4 lc rgb ORANGE pt 11 dt 1
set linetype 5 lc rgb SKY pt 13 dt 1
set linetype 6 lc rgb PINK pt 15 dt 1
set linetype 7 lc rgb BLACK pt 6 dt 2
set linetype 8 lc rgb BLUE pt 4 dt 2
set linetype 9 lc rgb RED pt 8 dt 2
set linetype 10 lc rgb GREEN pt 10 dt 2
set linetype 11 lc rgb ORANGE pt 12 dt 2
set linetype 12 lc rgb SKY pt 14 dt 2
set linetype cycle 12

where = device eq "cpu" ? "device cpu: CPU threads, no GPU" : "device ".device
if (machine ne "") where = where."; ".machine

# After width and height: opens the output, draws the footer below the plot.
OPEN = 'if (kind eq "pdf") { \
  set terminal pdfcairo noenhanced size width / 100.0, height / 100.0 font "Sans,9.4" \
} else { \
  set terminal svg noenhanced size width, height font "sans-serif,13" background "#FFFFFF" \
}; \
set output out; set bmargin 5.5 + 1.15 * note_lines; \
set label 900 notes at screen 0.012, char 0.7 + note_lines left textcolor rgb GREY'

set border 3 lc rgb GREY
set tics nomirror out textcolor rgb "#222222"
set grid lc rgb "#D9D9D9" lt 1 dt 1 lw 0.7
set key outside top left horizontal Left reverse noenhanced samplen 2
set bars small
