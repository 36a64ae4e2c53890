import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelSource } from '../model-source.js';

const ROOT = join(__dirname, '..', '..', '..', '..');
export const GOLDEN = join(ROOT, 'tests', 'golden', 'models');
export const MINILM = join(ROOT, '.cache', 'models', 'all-MiniLM-L6-v2');

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller knows what its file holds
export const readGolden = <T>(name: string): T => JSON.parse(readFileSync(join(GOLDEN, name), 'utf8')) as T;

/** A small f32 checkpoint read whole; `config` overrides fields of its config.json. */
export function openFolder(folder: string, config: Record<string, unknown> = {}): ModelSource {
  const file = readFileSync(join(folder, 'model.safetensors'));
  const headerLength = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, 8 + headerLength)) as Record<
    string,
    { shape: number[]; data_offsets: [number, number] }
  >;
  delete header['__metadata__'];
  const base = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>;
  return {
    config: { ...base, ...config },
    tensors: new Map(Object.entries(header)),
    read: (name) => {
      const [from, to] = header[name]?.data_offsets ?? [0, 0];
      const bytes = file.subarray(8 + headerLength + from, 8 + headerLength + to);
      return Promise.resolve(new Float32Array(Uint8Array.from(bytes).buffer));
    },
  };
}

export const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  if (a.length !== b.length) throw new Error(`lengths ${a.length} and ${b.length}`);
  return Array.from(a, (value, i) => Math.abs(value - (b[i] ?? NaN))).reduce((x, y) => Math.max(x, y), 0);
};
