/** A sample has this many records at least before their shape alone makes it a table. */
const RECORDS = 3;
/** Names of columns that data sets of texts commonly have. */
const COLUMN = /^[\p{L}_][\p{L}\p{N}_.-]{0,39}$/u;

const SEPARATORS: readonly (readonly [separator: string, name: string])[] = [
  ['\t', 'TSV (tab-separated values)'],
  [',', 'CSV (comma-separated values)'],
  [';', 'CSV with semicolons'],
  ['|', 'CSV with vertical bars'],
];

interface Field {
  readonly text: string;
  readonly quoted: boolean;
}

/**
 * Fields of RFC 4180 records; undefined where a quoted field is followed by something else than a separator, as in prose. The last
 * record is left out when its quotes are open, since a sample may end within it.
 */
function recordsOf(sample: string, separator: string): Field[][] | undefined {
  const records: Field[][] = [];
  let record: Field[] = [];
  let at = 0;
  while (at < sample.length) {
    let field: Field;
    if (sample[at] === '"') {
      const end = closingQuote(sample, at + 1);
      if (end < 0) return records;
      field = { text: sample.slice(at + 1, end).replaceAll('""', '"'), quoted: true };
      at = end + 1;
    } else {
      let end = at;
      while (end < sample.length && sample[end] !== separator && sample[end] !== '\n') end++;
      field = { text: sample.slice(at, end).replace(/\r$/, ''), quoted: false };
      at = end;
    }
    record.push(field);
    if (sample[at] === '\r' && sample[at + 1] === '\n') at++;
    const next = sample[at];
    if (next !== undefined && next !== separator && next !== '\n') return undefined;
    at++;
    if (next === separator && at < sample.length) continue;
    if (record.length > 1 || record[0]?.text !== '') records.push(record);
    record = [];
  }
  return records;
}

function closingQuote(sample: string, from: number): number {
  for (let at = sample.indexOf('"', from); at >= 0; at = sample.indexOf('"', at + 2)) {
    if (sample[at + 1] !== '"') return at;
  }
  return -1;
}

/**
 * The name of the table format that a sample of whole lines is in; undefined for prose, in which lines may have commas, quotes or tabs
 * too. A table has a head of column names without spaces (the one of the texts or classes among them, or all lines of its width), or
 * quoted fields in every record, or the same number of tabs within every line.
 */
export function tableOf(sample: string, columns: readonly string[]): string | undefined {
  return SEPARATORS.find(([separator]) => isTable(sample, separator, columns))?.[1];
}

function isTable(sample: string, separator: string, columns: readonly string[]): boolean {
  const [firstLine = ''] = sample.split('\n', 1);
  const head = recordsOf(firstLine, separator)?.[0];
  if (head === undefined || head.length < 2) return false;
  const names = head.map(({ text }) => text);
  const isHead = new Set(names).size === names.length && names.every((name) => COLUMN.test(name));
  if (isHead && names.some((name) => columns.includes(name))) return true;
  const records = recordsOf(sample, separator) ?? [];
  const sameWidth = records.length > 1 && records.every(({ length }) => length === head.length);
  if (!sameWidth) return false;
  // Prose has a space after a comma, a table has none.
  const isTight = records.every((record) =>
    record.every(({ text, quoted }) => quoted || !text.startsWith(' ')),
  );
  if (isTight && records.every((record) => record.some(({ quoted }) => quoted))) return true;
  if (records.length < RECORDS) return false;
  return (
    isHead ||
    (separator === '\t' && records.every((record) => record.every(({ text }) => text.trim() !== '')))
  );
}
