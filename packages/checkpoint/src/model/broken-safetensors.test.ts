import { rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { fileOf, newFolder, tensorHeader } from '../testing/safetensors-bytes.js';
import { openModel } from './open-model.js';

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await newFolder();
  path = join(folder, 'model.safetensors');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const tensor = (name: string, offsets: [number, number], shape = [1]): string =>
  tensorHeader(name, 'F32', shape, offsets).slice(1, -1);
const length = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
};

test.each<[string, string, Buffer]>([
  ['a file without a length', 'TOO_SHORT', Buffer.from('1234567')],
  ['a header over the cap', 'HEADER_TOO_LARGE', Buffer.concat([length(100_000_001n), Buffer.from('{}')])],
  ['a header of 2⁶³ bytes', 'HEADER_TOO_LARGE', Buffer.concat([length(1n << 63n), Buffer.from('{}')])],
  ['a header past the end', 'HEADER_PAST_END', Buffer.concat([length(100n), Buffer.from('{}')])],
  ['a header that starts otherwise', 'HEADER_START', fileOf(' {}')],
  ['invalid UTF-8', 'HEADER_UTF8', fileOf(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))],
  ['JSON that ends early', 'HEADER_JSON', fileOf('{"a":')],
  ['a tensor twice', 'DUPLICATE_KEY', fileOf(`{${tensor('a', [0, 4])},${tensor('a', [0, 4])}}`, 4)],
  ['__proto__ as a tensor', 'FORBIDDEN_NAME', fileOf(`{${tensor('__proto__', [0, 4])}}`, 4)],
  ['metadata that is no string', 'METADATA_NOT_STRING', fileOf('{"__metadata__":{"k":1}}')],
  ['a hole', 'DATA_HOLE', fileOf(`{${tensor('a', [0, 4])},${tensor('b', [8, 12])}}`, 12)],
  ['an overlap', 'DATA_OVERLAP', fileOf(`{${tensor('a', [0, 8], [2])},${tensor('b', [4, 8])}}`, 8)],
  ['trailing bytes', 'TRAILING_BYTES', fileOf(`{${tensor('a', [0, 4])}}`, 5)],
  ['data that ends early', 'OFFSET_PAST_END', fileOf(`{${tensor('a', [0, 4])}}`, 3)],
  ['a shape that is not the bytes', 'SIZE_MISMATCH', fileOf(`{${tensor('a', [0, 4], [2])}}`, 4)],
  ['a size that overflows', 'SIZE_OVERFLOW', fileOf(`{${tensor('a', [0, 4], [2 ** 32, 2 ** 32])}}`, 4)],
  ['an unknown type', 'UNKNOWN_DTYPE', fileOf(tensorHeader('a', 'F31', [1], [0, 4]), 4)],
])('%s is refused as %s', async (_what, fault, bytes) => {
  await writeFile(path, bytes);
  await expect(openModel(path)).rejects.toMatchObject({
    kind: 'CORRUPT_DATA',
    reason: 'CORRUPT_SAFETENSORS',
    message: expect.stringMatching(/^model\.safetensors: [^\n]+$/) as string,
    details: { fault, file: 'model.safetensors' },
  });
});

test.each<[string, Buffer]>([
  ['the name "a" stands twice in the header', fileOf(`{${tensor('a', [0, 4])},${tensor('a', [0, 4])}}`, 4)],
  ['__metadata__: the value of "k" is no string', fileOf('{"__metadata__":{"k":1}}')],
  ['tensor "a": the storage type "F31" is not supported', fileOf(tensorHeader('a', 'F31', [1], [0, 4]), 4)],
  ['the file has 7 bytes, too few for a header; is it complete?', Buffer.from('1234567')],
])('the message has the cause: %s', async (message, bytes) => {
  await writeFile(path, bytes);
  await expect(openModel(path)).rejects.toMatchObject({ message: `model.safetensors: ${message}` });
});

test('the tensor is named', async () => {
  await writeFile(path, fileOf(tensorHeader('encoder.weight', 'F31', [1], [0, 4]), 4));
  await expect(openModel(path)).rejects.toThrow('tensor "encoder.weight"');
});

test('a configured cap holds', async () => {
  await writeFile(path, fileOf('{}      '));
  await expect(openModel(path, { maxHeaderBytes: 7 })).rejects.toMatchObject({
    details: { fault: 'HEADER_TOO_LARGE' },
  });
});

test('scalars and empty dimensions are read', async () => {
  const header = `{${tensor('s', [0, 4], [])},${tensor('e', [4, 4], [3, 0])}}`;
  await writeFile(path, fileOf(header, 4));
  const model = await openModel(path);
  expect(await model.read('s', 'f32')).toEqual(Float32Array.of(0));
  expect(await model.read('e', 'f64')).toEqual(new Float64Array(0));
});

test('a file that shrinks after it was opened is an error, not the end of the process', async () => {
  await writeFile(path, fileOf(tensorHeader('a', 'F32', [1 << 20], [0, 1 << 22]), 1 << 22));
  const model = await openModel(path);
  await truncate(path, 1000);
  await expect(model.read('a', 'f32')).rejects.toMatchObject({
    reason: 'CORRUPT_SAFETENSORS',
    details: { fault: 'TRUNCATED' },
  });
});
