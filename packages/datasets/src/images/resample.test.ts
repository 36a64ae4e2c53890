import { join } from 'node:path';

import { GOLDEN, type GoldenArray, goldenArrays } from '../testing/golden.js';
import { decodeImage } from './decode.js';
import { type Filter, FILTERS, type Pixels, resize } from './resample.js';

let golden: ReadonlyMap<string, GoldenArray>;
let photo: Pixels;
beforeAll(async () => {
  golden = await goldenArrays('resampled.npz');
  photo = await decodeImage(join(GOLDEN, 'photo.png'), 'photo.png', 3);
});

const casesOf = (filter: Filter): [GoldenArray, height: number, width: number][] =>
  [...golden].flatMap(([name, array]) => {
    const [kind, height, width] = name.split('/');
    return kind === filter ? [[array, Number(height), Number(width)]] : [];
  });

describe.each(FILTERS)('resize by %s', (filter) => {
  it("gives Pillow's bytes", () => {
    const cases = casesOf(filter);
    expect(cases).toHaveLength(5);
    for (const [{ values }, height, width] of cases) {
      expect(resize(photo, height, width, filter)).toEqual({ pixels: values, height, width, channels: 3 });
    }
  });

  it("gives Pillow's floats to 1e-6", () => {
    const { values, shape } = golden.get('float')!;
    const grey = { pixels: values as Float32Array, height: shape[0]!, width: shape[1]!, channels: 1 };
    const expected = golden.get(`float/${filter}`)!;
    const { pixels } = resize(grey, 70, 25, filter);
    const differences = pixels.map((value, i) => Math.abs(value - expected.values[i]!));
    expect(pixels).toHaveLength(expected.values.length);
    expect(Math.max(...differences)).toBeLessThan(1e-6);
  });

  it('keeps an even picture even', () => {
    const even = { pixels: new Uint8Array(9 * 7).fill(131), height: 9, width: 7, channels: 1 };
    for (const [height, width] of [
      [3, 20],
      [31, 2],
    ] as const) {
      expect(new Set(resize(even, height, width, filter).pixels)).toEqual(new Set([131]));
    }
  });
});
