import { corruptData, incompatible } from '@eigenloom/errors';

/** The names that transformers gives to classes without names. */
const DEFAULT_NAME = /^LABEL_\d+$/;
/** How many names a message lists. */
const LISTED = 12;

const quoted = (names: readonly string[]): string =>
  names
    .slice(0, LISTED)
    .map((name) => JSON.stringify(name))
    .join(', ') + (names.length > LISTED ? ', …' : '');

function entriesOf(config: Readonly<Record<string, unknown>>, key: string): [string, unknown][] {
  const value = config[key];
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}

/**
 * The classes of a head in the order of its rows, by `id2label`, else `label2id`, of its model's config. Undefined where the config names
 * none, or only as LABEL_0, which says nothing. `where` is the file for messages.
 * Errors: `LABELS_INVALID` (a hole, a name twice), `LABELS_CONTRADICT` (the two disagree).
 */
export function classNamesOf(
  config: Readonly<Record<string, unknown>>,
  where = 'config.json',
): readonly string[] | undefined {
  const ids = entriesOf(config, 'label2id');
  const named = entriesOf(config, 'id2label');
  const pairs =
    named.length > 0
      ? named.map(([id, name]) => [Number(id), String(name)] as const)
      : ids.map(([name, id]) => [Number(id), name] as const);
  if (pairs.length === 0) return undefined;
  const source = named.length > 0 ? 'id2label' : 'label2id';
  const names = pairs
    .toSorted(([x], [y]) => x - y)
    .map(([id, name], row) => {
      if (id === row) return name;
      throw corruptData(
        'LABELS_INVALID',
        `${where}: ${source} has no class ${row}, its ids must be 0 to ${pairs.length - 1}`,
      );
    });
  const twice = names.find((name, row) => names.indexOf(name) !== row);
  if (twice !== undefined) {
    throw corruptData('LABELS_INVALID', `${where}: ${source} has the class ${JSON.stringify(twice)} twice`);
  }
  if (names.every((name) => DEFAULT_NAME.test(name))) return undefined;
  for (const [name, id] of ids) {
    if (names[Number(id)] === name || DEFAULT_NAME.test(name)) continue;
    throw corruptData(
      'LABELS_CONTRADICT',
      `${where}: label2id has ${JSON.stringify(name)} as class ${String(id)}, id2label has ${
        names[Number(id)] === undefined ? 'no such class' : `${JSON.stringify(names[Number(id)])} there`
      }; make the two agree`,
    );
  }
  return names;
}

/** An example whose class is looked up. */
export interface Labelled {
  readonly label?: string;
  /** In its file, from 1, where examples are lines. */
  readonly line?: number;
  /** What messages call it where it is no line. */
  readonly name?: string;
}

/** A head's classes. */
export interface HeadClasses {
  /** Rows of the head. */
  readonly count: number;
  /** In the order of the rows; undefined where nothing names them. */
  readonly names: readonly string[] | undefined;
}

/**
 * The row of each label of the data: by the names of the classes, or, when the labels are integers and not names, as the number of the
 * row. `where` says whose data these are; `todo` what may be done. Examples without a label are passed over.
 * Errors: `LABEL_UNKNOWN`, with the line or the name and the classes that are known.
 */
export function rowsOfLabels(
  { count, names }: HeadClasses,
  examples: readonly Labelled[],
  where: string,
  todo = '',
): ReadonlyMap<string, number> {
  const byName = new Map(
    names?.map((name, row) => [name, row]) ??
      Array.from({ length: count }, (_, row) => [`LABEL_${row}`, row]),
  );
  const byNumber = new Map(Array.from({ length: count }, (_, row) => [String(row), row]));
  const unknown = (rows: ReadonlyMap<string, number>): Labelled | undefined =>
    examples.find(({ label }) => label !== undefined && !rows.has(label));
  const stranger = unknown(byName);
  if (stranger === undefined) return byName;
  if (unknown(byNumber) === undefined) return byNumber;
  const label = JSON.stringify(stranger.label);
  const known =
    names === undefined
      ? `the ${count} classes of the head have no names (id2label in its config.json), so data name them 0 to ${count - 1}`
      : `the classes are ${quoted(names)}`;
  throw incompatible(
    'LABEL_UNKNOWN',
    `${where}: ${placeOf(stranger)}: ${label} is not a class: ${known}${todo === '' ? '' : `; ${todo}`}`,
  );
}

const placeOf = ({ line, name = '' }: Labelled): string => (line === undefined ? name : `line ${line}`);
