import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { SafetensorsWriter } from '@eigenloom/numeric';
import { NamedArrays } from './named-arrays.js';

const { signal } = new AbortController();
const ROWS = 5;
/** So wide that a block is one row. */
const WIDE = 2 ** 20 + 1;

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'named-arrays-'));
  path = join(folder, 'data.safetensors');
  const bytes = (...values: number[]): Uint8Array =>
    new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer);
  const tensors = {
    features: ['F16', [ROWS, 3], Float64Array.from({ length: 3 * ROWS }, (_, i) => i)],
    wide: ['F32', [2, WIDE], new Float32Array(2 * WIDE).fill(1).fill(2, WIDE)],
    broken: ['F32', [2, 2], Float32Array.of(1, 2, 3, NaN)],
    labels: ['I64', [ROWS], bytes(3, 0, 7, 7, 1)],
    negative: ['I64', [ROWS], bytes(3, 0, -1, 7, 1)],
    floats: ['F32', [ROWS], new Float32Array(ROWS)],
    few: ['I64', [2], bytes(1, 2)],
  } as const;
  const planned = Object.entries(tensors).map(([name, [dtype, shape]]) => ({ name, dtype, shape }));
  const writer = await SafetensorsWriter.create(path, planned, undefined, { allowNonFinite: true });
  for (const [name, [, , values]] of Object.entries(tensors)) await writer.write(name, values);
  await writer.finish();
});
afterAll(() => rm(folder, { recursive: true }));

const open = (): Promise<NamedArrays> => NamedArrays.open(path, signal);

test('a matrix comes row by row, whatever it is stored as, and to a limit', async () => {
  const read = async (name: string, limit?: number): Promise<[number, number, number[]][]> => {
    const blocks: [number, number, number[]][] = [];
    const options = limit === undefined ? { signal } : { signal, limit };
    for await (const { first, rows, values } of (await open()).matrix(name).blocks(options))
      blocks.push([first, rows, [...values.slice(0, 4)]]);
    return blocks;
  };
  expect(await read('features')).toEqual([[0, ROWS, [0, 1, 2, 3]]]);
  expect(await read('features', 1)).toEqual([[0, 1, [0, 1, 2]]]);
  expect(await read('wide')).toEqual([
    [0, 1, [1, 1, 1, 1]],
    [1, 1, [2, 2, 2, 2]],
  ]);
});

test('labels are whole numbers, one for each row', async () => {
  const arrays = await open();
  expect([...(await arrays.labels('labels', arrays.matrix('features'), signal))]).toEqual([3, 0, 7, 7, 1]);
});

test.each([
  [
    'a name that is not there',
    'ARRAY_MISSING',
    'nothing',
    'data.safetensors has no tensor "nothing"; it has "',
  ],
  [
    'a vector',
    'ARRAY_SHAPE',
    'floats',
    'data.safetensors: tensor "floats" has the shape [5]; wanted is [rows, columns]',
  ],
  ['a NaN', 'NOT_FINITE', 'broken', 'data.safetensors: row 1 of tensor "broken" has NaN in column 1'],
])('a matrix: %s is refused', async (_, reason, name, message) => {
  const read = async (): Promise<void> => {
    for await (const { rows } of (await open()).matrix(name).blocks({ signal }))
      expect(rows).toBeGreaterThan(0);
  };
  await expect(read()).rejects.toMatchObject({ reason, message: expect.stringContaining(message) as string });
});

test.each([
  ['fractions', 'ARRAY_TYPE', 'floats', 'tensor "floats" is F32; wanted are integers'],
  ['too few', 'LABELS_COUNT', 'few', 'tensor "few" has the shape [2]; the 5 rows of "features" need [5]'],
  ['a negative class', 'LABEL_INVALID', 'negative', 'tensor "negative": element 2 is -1'],
])('labels: %s are refused', async (_, reason, name, message) => {
  const arrays = await open();
  await expect(arrays.labels(name, arrays.matrix('features'), signal)).rejects.toMatchObject({
    reason,
    message: expect.stringContaining(`data.safetensors: ${message}`) as string,
  });
});
