import { createHash } from 'node:crypto';

/** Sorts a table by the column whose heading is pressed: numbers by value, the rest as text, empty cells last. */
export const SORT_SCRIPT = `
document.addEventListener('click', (event) => {
  const heading = event.target.closest('th');
  if (!heading || !event.target.closest('button')) return;
  const ascending = heading.getAttribute('aria-sort') !== 'ascending';
  for (const other of heading.parentElement.cells) other.removeAttribute('aria-sort');
  heading.setAttribute('aria-sort', ascending ? 'ascending' : 'descending');
  const body = heading.closest('table').tBodies[0];
  const keyed = Array.from(body.rows, (row) => {
    const cell = row.cells[heading.cellIndex];
    const key = cell.title || cell.textContent;
    return { row, key, value: Number(key), empty: cell.classList.contains('none') };
  });
  const compare = (a, b) => (Number.isNaN(a.value) || Number.isNaN(b.value) ? a.key.localeCompare(b.key, 'en', { numeric: true }) : a.value - b.value);
  keyed.sort((a, b) => a.empty - b.empty || (ascending ? compare(a, b) : compare(b, a)));
  body.append(...keyed.map(({ row }) => row));
});
`;

/** The only script that the page may run. */
export const SORT_SCRIPT_HASH = `sha256-${createHash('sha256').update(SORT_SCRIPT).digest('base64')}`;
