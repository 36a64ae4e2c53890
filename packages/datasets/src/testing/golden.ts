import { join } from 'node:path';

import { Npz } from '../arrays/npz.js';
import { readNpy } from '../arrays/npy.js';
import { elementsOf } from '../arrays/stored-array.js';

export const GOLDEN = join(__dirname, '..', '..', '..', '..', 'tests', 'golden', 'images');

export interface GoldenArray {
  readonly shape: readonly number[];
  readonly values: Uint8Array | Float32Array;
}

/** Arrays of bytes and of f32 of a golden file, by name. */
export async function goldenArrays(file: string): Promise<ReadonlyMap<string, GoldenArray>> {
  const archive = await Npz.open(join(GOLDEN, file), file);
  try {
    const arrays = new Map<string, GoldenArray>();
    for (const name of archive.names) {
      const source = await archive.read(name);
      if (source === undefined) throw new Error(`no ${name}`);
      const { shape, type, bytes, offset } = await readNpy(source);
      const data = Uint8Array.from(await bytes.read(offset, elementsOf(shape) * (type === 'u1' ? 1 : 4)));
      arrays.set(name, { shape, values: type === 'u1' ? data : new Float32Array(data.buffer) });
    }
    return arrays;
  } finally {
    archive.close();
  }
}
