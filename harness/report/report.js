/* report.js - sorting and filtering of the report's tables. Without it the page is whole: it only
 * adds. A column is sorted by the data-v of its cells where they have one (numbers), else by text;
 * empty cells stay last. State is said by aria-sort, and the count of a filter by a live region.
 * Next: ../report_page.c */
'use strict';

function valueOf(row, column) {
  const cell = row.cells[column];
  const raw = cell.dataset.v;
  return raw === undefined ? cell.textContent.trim() : raw;
}

function compare(a, b) {
  const x = Number(a);
  const y = Number(b);
  if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
  return a.localeCompare(b, 'en', { numeric: true });
}

function sortBy(table, column) {
  const heads = table.tHead.rows[0].cells;
  const up = heads[column].getAttribute('aria-sort') !== 'ascending';
  const rows = Array.from(table.tBodies[0].rows).map((row) => [valueOf(row, column), row]);
  rows.sort(([a], [b]) => {
    if (a === '' || b === '') return (a === '') - (b === '');
    return up ? compare(a, b) : compare(b, a);
  });
  for (const head of heads) head.removeAttribute('aria-sort');
  heads[column].setAttribute('aria-sort', up ? 'ascending' : 'descending');
  table.tBodies[0].append(...rows.map(([, row]) => row));
}

function makeSortable(table) {
  Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => sortBy(table, column));
  });
}

function makeFilter(table) {
  const box = document.createElement('div');
  const label = document.createElement('label');
  const input = document.createElement('input');
  const count = document.createElement('span');
  const rows = Array.from(table.tBodies[0].rows);
  const say = (shown) => {
    count.textContent = `${shown} of ${rows.length} rows`;
  };
  box.className = 'filter';
  input.type = 'search';
  input.id = `filter-${table.id}`;
  label.htmlFor = input.id;
  label.textContent = 'Show rows with';
  count.setAttribute('role', 'status');
  count.className = 'soft';
  input.addEventListener('input', () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    say(shown);
  });
  box.append(label, input, count);
  say(rows.length);
  table.closest('.scroll').before(box);
}

document.querySelectorAll('table.sortable').forEach(makeSortable);
document.querySelectorAll('table.filterable').forEach(makeFilter);
