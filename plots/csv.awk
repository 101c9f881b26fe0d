# csv.awk - reads RFC 4180 CSV by column name. The other .awk files here are loaded after it.
# Quoted fields may hold commas, doubled quotes and line breaks. Plain POSIX awk (mawk, gawk,
# busybox).
# Promises: for each data record it calls record(), with get("column") giving a cell ("" =
# missing). A factor that has the name of a fixed column (such as n) is found as factor_<name>.
# Does not: convert or check values. Next: pairs.awk and series.awk.

function csv_split(line,    i, c, inside, cell) {
  csv_count = 0; cell = ""; inside = 0
  for (i = 1; i <= length(line); i++) {
    c = substr(line, i, 1)
    if (inside && c == "\"" && substr(line, i + 1, 1) == "\"") { cell = cell "\""; i++ }
    else if (c == "\"") inside = !inside
    else if (c == "," && !inside) { csv_cell[++csv_count] = cell; cell = "" }
    else cell = cell c
  }
  csv_cell[++csv_count] = cell
}

function csv_header(    i, name) {
  csv_column_count = csv_count
  for (i = 1; i <= csv_count; i++) {
    name = csv_cell[i]
    if (name in csv_index) name = "factor_" name
    csv_index[name] = i
    csv_name[i] = name
    if (name == "reason") csv_factor_first = i + 1
  }
}

function get(name) {
  return (name in csv_index) && csv_index[name] <= csv_count ? csv_cell[csv_index[name]] : ""
}

# The words of a text that may stand inside a gnuplot string in single quotes and a CSV cell.
function plain(text) {
  gsub(/[\047"`\\]/, "", text)
  gsub(/[,\r\n\t]+/, " ", text)
  return text
}

{
  sub(/\r$/, "")
  csv_line = csv_open ? csv_line "\n" $0 : $0
  csv_open = gsub(/"/, "\"", csv_line) % 2
  if (csv_open || csv_line == "") next
  csv_split(csv_line)
  if (!csv_seen++) csv_header()
  else record()
}
