import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'eigenloom-checkpoint-'));

const GOLDEN = join(__dirname, '..', '..', '..', '..', 'tests', 'golden', 'peft');
/** Path of a file of tests/golden/peft. */
export const golden = (path: string): string => join(GOLDEN, path);

/** A safetensors file of this header, as it is, and so many zero bytes. */
export function fileOf(header: string | Uint8Array, dataBytes = 0): Buffer {
  const json = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(dataBytes)]);
}

/** Header of one tensor. */
export const tensorHeader = (
  name: string,
  dtype: string,
  shape: number[],
  offsets: [number, number],
): string => JSON.stringify({ [name]: { dtype, shape, data_offsets: offsets } });

/** A file of zeros: storage type and shape of each tensor by name. */
export async function writeZeros(
  path: string,
  tensors: Readonly<Record<string, readonly [dtype: string, shape: readonly number[]]>>,
): Promise<void> {
  let offset = 0;
  const header: Record<string, unknown> = {};
  for (const [name, [dtype, shape]] of Object.entries(tensors)) {
    const size = /8|BOOL/.test(dtype) ? 1 : Number(/\d+/.exec(dtype)?.[0]) / 8;
    const end = offset + shape.reduce((product, length) => product * length, size);
    header[name] = { dtype, shape, data_offsets: [offset, end] };
    offset = end;
  }
  await writeFile(path, fileOf(JSON.stringify(header), offset));
}

/** A file of f32 tensors by name; each is a vector. */
export async function writeVectors(path: string, tensors: Readonly<Record<string, number[]>>): Promise<void> {
  let offset = 0;
  const header: Record<string, unknown> = {};
  const data: Buffer[] = [];
  for (const [name, values] of Object.entries(tensors)) {
    const bytes = Buffer.from(Float32Array.from(values).buffer);
    header[name] = { dtype: 'F32', shape: [values.length], data_offsets: [offset, offset + bytes.length] };
    offset += bytes.length;
    data.push(bytes);
  }
  await writeFile(path, Buffer.concat([fileOf(JSON.stringify(header)), ...data]));
}
