import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { SafetensorsFile } from '@eigenloom/numeric';
import { common, type merge } from '@eigenloom/contracts';
import { type Dtype, SafetensorsWriter } from '@eigenloom/numeric';

import { planRecipe } from '../plan/plan-recipe.js';
import { contextIn, model, newFolder, requestOf } from '../testing/job-context.js';
import { mergeTensors } from './merge-tensors.js';
import { methodFromJson } from '../testing/method-from-json.js';

let folder: string;
beforeAll(async () => {
  folder = await newFolder();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/**
 * The OCP 8-bit floating point specification (OFP8): sign, exponent, mantissa; an exponent of
 * zero is subnormal. E4M3 has NaN at S.1111.111 and no infinity; E5M2 has infinity at S.11111.00 and NaN above it.
 */
function valueOf(code: number, format: Dtype): number {
  const [mantissaBits, bias] = format === 'F8_E4M3' ? [3, 7] : [2, 15];
  const sign = code >= 128 ? -1 : 1;
  const exponent = (code & 127) >> mantissaBits;
  const mantissa = (code & 127) % 2 ** mantissaBits;
  if (format === 'F8_E4M3' && (code & 127) === 127) return NaN;
  if (format === 'F8_E5M2' && exponent === 31) return mantissa === 0 ? sign * Infinity : NaN;
  const fraction = mantissa / 2 ** mantissaBits;
  return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias));
}

const CODES = Array.from({ length: 256 }, (_, code) => code);
const FORMATS = ['F8_E4M3', 'F8_E5M2'] as const;

async function writeCodes(name: string, dtype: Dtype, codes: readonly number[]): Promise<string> {
  const path = join(folder, name);
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'config.json'), '{"model_type": "codes"}');
  const shape = [codes.length];
  const writer = await SafetensorsWriter.create(join(path, 'model.safetensors'), [
    { name: 'w', dtype, shape },
  ]);
  await writer.write('w', Uint8Array.from(codes));
  await writer.finish();
  return path;
}

/** Merges models of one tensor; non-finite values are let through. */
async function merged(method: object, fields: Partial<merge.MergeRequest>): Promise<SafetensorsFile> {
  const plan = await planRecipe(requestOf(fields), methodFromJson(method), contextIn(folder));
  const out = join(folder, `out-${String(Math.random()).slice(2)}`);
  await mkdir(out);
  const { signal } = new AbortController();
  await mergeTensors(out, plan, undefined, { allowNonFinite: true, signal, onProgress: () => undefined });
  return SafetensorsFile.open(join(out, 'model.safetensors'));
}

const PASS = { passthrough: {} };
const MEAN = { linear: {} };

test.each(FORMATS)('every code of %s is read as the specification says', async (format) => {
  const path = await writeCodes(format, format, CODES);
  const outputDataType = common.DataType.F32;
  const result = await merged(PASS, { models: [model(path)], outputDataType });
  const expected = CODES.map((code) => valueOf(code, format));
  // Object.is tells -0 from 0 and NaN from numbers.
  expect(Array.from(await result.read('w', 'f32'))).toEqual(expected);
  expect(expected.filter(Number.isNaN)).toHaveLength(format === 'F8_E4M3' ? 2 : 6);
});

test.each(FORMATS)('a copy in %s has the same bytes', async (format) => {
  const finite = CODES.filter((code) => Number.isFinite(valueOf(code, format)));
  const path = await writeCodes(`${format}-finite`, format, finite);
  const result = await merged(PASS, { models: [model(path)] });
  expect(result.tensors.get('w')?.dtype).toBe(format);
  expect(Array.from(await result.read('w', 'raw'))).toEqual(finite);
});

test.each(FORMATS)('the mean of any two values of %s is rounded once, ties to even', async (format) => {
  const finite = CODES.filter((code) => Number.isFinite(valueOf(code, format)));
  const one = finite.flatMap((code) => finite.map(() => code));
  const two = finite.flatMap(() => finite);
  const models = [
    model(await writeCodes(`${format}-one`, format, one)),
    model(await writeCodes(`${format}-two`, format, two)),
  ];
  const bytes = await (await merged(MEAN, { models })).read('w', 'raw');
  const positive = finite
    .filter((code) => code < 128)
    .map((code) => ({ code, value: valueOf(code, format) }));
  const nearest = (magnitude: number): number => {
    const [best, next] = positive
      .map(({ code, value }) => ({ code, distance: Math.abs(value - magnitude) }))
      .sort((x, y) => x.distance - y.distance);
    if (best === undefined || next === undefined) return -1;
    return best.distance === next.distance && best.code % 2 === 1 ? next.code : best.code;
  };
  const known = new Map<number, number>();
  let wrong = 0;
  for (const [i, code] of one.entries()) {
    const mean = (valueOf(code, format) + valueOf(two[i] ?? 0, format)) / 2;
    const magnitude = Math.abs(mean);
    const expected = known.get(magnitude) ?? nearest(magnitude);
    known.set(magnitude, expected);
    const found = bytes[i] ?? -1;
    // The sign of a zero is that of the sum in f32, which is positive unless both are negative zeros.
    if ((found & 127) !== expected || (mean !== 0 && found >= 128 !== mean < 0)) wrong += 1;
  }
  expect(wrong).toBe(0);
});

test.each(['w_scale_inv', 'w_scale'])(
  'weights with scales beside them (%s) are refused by name',
  async (name) => {
    const path = join(folder, name);
    await mkdir(path);
    await writeFile(join(path, 'config.json'), '{"model_type": "codes"}');
    const writer = await SafetensorsWriter.create(join(path, 'model.safetensors'), [
      { name: 'w', dtype: 'F8_E4M3', shape: [2, 2] },
      { name, dtype: 'F32', shape: [1, 1] },
    ]);
    await writer.write('w', Uint8Array.of(1, 2, 3, 4));
    await writer.write(name, Float32Array.of(0.5));
    await writer.finish();
    await expect(merged(PASS, { models: [model(path)] })).rejects.toMatchObject({
      kind: 'INCOMPATIBLE',
      reason: 'SCALED_WEIGHTS',
      message: `models[0]: tensor "w" is to be multiplied by ${JSON.stringify(name)}; dequantize the model first`,
    });
  },
);
