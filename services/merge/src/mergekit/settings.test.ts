import { evaluate, readSetting } from './settings.js';

const at = 'mergekit.parameters.t';
const read = (value: unknown, tensor: string, position: number): number | undefined =>
  evaluate(readSetting(value, at), tensor, position);

test.each([
  [0.5, 0.5],
  [3n, 3],
  [true, 1],
  ['1e-5', 1e-5],
  ['no', 0],
])('the scalar %s', (value, expected) => {
  expect(read(value, 'x', 0.3)).toBe(expected);
});

// Five layers read a list of three at 0, ½, 1, 1½ and 2 of its places.
test.each([
  [0, 1],
  [1, 0.7],
  [2, 0.4],
  [3, 0.3],
  [4, 0.2],
])('layer %i of five reads [1, 0.4, 0.2] as %f', (layer, expected) => {
  expect(read([1, 0.4, 0.2], 'x', layer / 4)).toBeCloseTo(expected, 14);
});

test('one entry is a constant', () => {
  expect(read([7n], 'x', 0.6)).toBe(7);
});

describe('conditions', () => {
  const setting = [
    { filter: 'self_attn', value: [0.2, 0.6] },
    { filter: 'attn', value: 9 },
    { filter: 'mlp', value: 0.7 },
  ];
  test.each([
    ['model.layers.1.self_attn.q_proj.weight', 0.6],
    ['model.layers.1.attn.weight', 9],
    ['model.layers.1.mlp.up_proj.weight', 0.7],
    ['model.norm.weight', undefined],
  ])('the first whose filter is in %s holds', (tensor, expected) => {
    expect(read(setting, tensor, 1)).toBe(expected);
  });

  test.each([{ value: 0.4 }, { filter: '*', value: 0.4 }, { filter: null, value: 0.4 }])(
    '%j is the default',
    (last) => {
      expect(read([...setting, last], 'model.norm.weight', 0)).toBe(0.4);
    },
  );
});

test.each([
  ['much', 'WRONG_TYPE', at],
  [null, 'WRONG_TYPE', at],
  [[0.1, null], 'WRONG_TYPE', `${at}[1]`],
  [[{ filter: 'a', value: null }], 'FIELD_MISSING', `${at}[0].value`],
  [[], 'WRONG_TYPE', at],
  [[1, 'x'], 'WRONG_TYPE', `${at}[1]`],
  [Infinity, 'OUT_OF_RANGE', at],
  [[{ filter: 'a' }], 'FIELD_MISSING', `${at}[0].value`],
  [[{ filter: 1, value: 1 }], 'WRONG_TYPE', `${at}[0].filter`],
  [[{ fliter: 'a', value: 1 }], 'UNKNOWN_FIELD', `${at}[0].fliter`],
  [[{ filter: 'a', value: [1, {}] }], 'WRONG_TYPE', `${at}[0].value[1]`],
])('%j is refused', (value, reason, field) => {
  let thrown: unknown;
  try {
    readSetting(value, at);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({ reason, fieldViolations: [{ field }] });
});
