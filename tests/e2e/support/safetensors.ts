import { writeFile } from 'node:fs/promises';

/** Values in row-major order. */
export interface TensorValues {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** The bytes of a safetensors file of f32 tensors, written by the format's own description and by no code under test. */
export function safetensorsBytes(tensors: Readonly<Record<string, TensorValues>>): Buffer {
  const header: Record<string, unknown> = {};
  const data: Buffer[] = [];
  let offset = 0;
  for (const [name, { shape, values }] of Object.entries(tensors)) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + values.byteLength] };
    data.push(Buffer.from(values.buffer, values.byteOffset, values.byteLength));
    offset += values.byteLength;
  }
  return safetensorsOf(JSON.stringify(header), Buffer.concat(data));
}

/** A file with any header text, valid or not. */
export function safetensorsOf(header: string, data: Buffer): Buffer {
  const text = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.byteLength));
  return Buffer.concat([length, text, data]);
}

export const writeSafetensors = (
  path: string,
  tensors: Readonly<Record<string, TensorValues>>,
): Promise<void> => writeFile(path, safetensorsBytes(tensors));
