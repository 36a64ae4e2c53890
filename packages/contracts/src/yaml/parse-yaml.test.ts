import { parseMergekitDocuments, parseYaml, writeMergekitDocument } from './parse-yaml.js';

const read = (text: string): unknown => parseMergekitDocuments(text)[0];
const errorOf = (run: () => unknown): { reason: string; message: string } => {
  try {
    run();
  } catch (error) {
    return error as { reason: string; message: string };
  }
  throw new Error('was accepted');
};

// What `yaml.safe_load` of PyYAML 6.0.3 makes of them, which mergekit reads its files with; its integers are bigint here.
const SCALARS: readonly [string, unknown][] = [
  ...(['yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On'] as const).map((text): [string, unknown] => [
    text,
    true,
  ]),
  ...(['no', 'No', 'false', 'FALSE', 'off', 'Off', 'OFF'] as const).map((text): [string, unknown] => [
    text,
    false,
  ]),
  ...(['y', 'n', 'tRue', '1e-5', '1e5', '1.5e5', '12e03', '0o10', '08', '+.5', '-.5'] as const).map(
    (text): [string, unknown] => [text, text],
  ),
  ...(['~', 'null', 'Null', 'NULL', ''] as const).map((text): [string, unknown] => [text, null]),
  ['010', 8n],
  ['0_7', 7n],
  ['00', 0n],
  ['0x1F', 31n],
  ['-0x1', -1n],
  ['0b11', 3n],
  ['1_000', 1000n],
  ['1__0', 10n],
  ['+1', 1n],
  ['1:30', 90n],
  ['190:20:30', 685230n],
  ['1:30.5', 90.5],
  ['1_000.5', 1000.5],
  ['5.', 5],
  ['.5', 0.5],
  ['.5e-3', 0.0005],
  ['1.0e-5', 1e-5],
  ['1.0e+5', 1e5],
  ['685.230_15e+03', 685230.15],
  ['.inf', Infinity],
  ['-.INF', -Infinity],
  ['.nan', NaN],
  ['!!float 1', 1],
  ['!!str 1', '1'],
  ['"yes"', 'yes'],
  ["'010'", '010'],
];

test.each(SCALARS)('%s is %p', (text, value) => {
  expect(read(`a: ${text}`)).toEqual({ a: value });
});

test.each<[string, unknown]>([...SCALARS, ['', 1e-7], ['', -1.5e300], ['', 1e21], ['', '<<']])(
  '%s is written so that it is read as %p again',
  (_text, value) => {
    expect(read(writeMergekitDocument({ a: value }))).toEqual({ a: value });
  },
);

test('recipes of our own are YAML 1.2', () => {
  expect(parseYaml('a: yes\nb: 010\nc: 1e-5\nd: 1_000')).toEqual({ a: 'yes', b: 10n, c: 1e-5, d: '1_000' });
});

describe.each([
  ['of mergekit', read],
  ['of a recipe', parseYaml],
])('merge keys %s', (_name, parse) => {
  // As PyYAML.
  test.each<[string, unknown]>([
    ['a: &p {x: "1"}\nb:\n  <<: *p\n  y: "2"', { a: { x: '1' }, b: { x: '1', y: '2' } }],
    // What stands in the mapping wins, before or after.
    ['b:\n  x: "3"\n  <<: {x: "1", z: "2"}', { b: { x: '3', z: '2' } }],
    // Of a list the first that has the key.
    ['b:\n  <<: [{x: "1"}, {x: "2", y: "3"}]', { b: { x: '1', y: '3' } }],
    // A merged mapping may merge another.
    [
      'a: &a {x: "1"}\nb: &b {<<: *a, y: "2"}\nc: {<<: *b}',
      { a: { x: '1' }, b: { x: '1', y: '2' }, c: { x: '1', y: '2' } },
    ],
    // In quotes it is a key as any.
    ['a: {"<<": "1"}', { a: { '<<': '1' } }],
    ['<<: {x: "1"}\ny: [{<<: {z: "2"}}]', { x: '1', y: [{ z: '2' }] }],
  ])('%j', (text, value) => {
    expect(parse(text)).toEqual(value);
  });

  test.each(['a: {<<: 1}', 'a: {<<: [1]}', 'a: {<<: [{}, []]}'])('%s is refused with its place', (text) => {
    expect(errorOf(() => parse(text))).toMatchObject({
      reason: 'YAML_INVALID',
      message: 'recipe.a.<<: merges a mapping, or a list of mappings, and this is neither',
    });
  });

  test('an alias bomb of merge keys is refused without expanding it', () => {
    const levels = Array.from({ length: 9 }, (_, i) => {
      const inner = i === 0 ? '{x: 1}' : `*l${String(i - 1)}`;
      return `l${String(i)}: &l${String(i)} {<<: [${Array.from({ length: 10 }, () => inner).join(', ')}]}`;
    });
    expect(errorOf(() => parse(levels.join('\n'))).reason).toBe('YAML_ALIAS_LIMIT');
  });
});

test('a key that stands twice is named with its line', () => {
  expect(errorOf(() => read('a: 1\na: 2'))).toMatchObject({
    reason: 'RECIPE_KEY_DUPLICATE',
    message: 'recipe: Map keys must be unique at line 2, column 1:',
  });
});
