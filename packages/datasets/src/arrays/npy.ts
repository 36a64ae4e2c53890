import { corruptData, incompatible } from '@eigenloom/errors';

import type { ByteSource } from './byte-source.js';
import { checkSize, ELEMENT_BYTES, type ElementType, type StoredArray } from './stored-array.js';

/** NumPy Enhancement Proposal 1: magic, version, length of the header, a Python literal, then the elements. */
export const NPY_MAGIC = Buffer.from('\x93NUMPY', 'latin1');
/** NumPy itself refuses headers beyond 10,000 characters. */
const MAX_HEADER_BYTES = 10_000;
const HEADER =
  /^\s*\{\s*'descr'\s*:\s*(.+?)\s*,\s*'fortran_order'\s*:\s*(True|False)\s*,\s*'shape'\s*:\s*\(([\d\s,]*)\)\s*,?\s*\}\s*$/s;

/**
 * The array of a `.npy` file, versions 1 to 3. Errors: `NPY_INVALID`; `NPY_PICKLED` for Python objects, which are never unpickled;
 * `ARRAY_TYPE`, `ARRAY_ORDER`, with what to do in NumPy; those of `checkSize`.
 */
export async function readNpy(bytes: ByteSource): Promise<StoredArray> {
  const { name } = bytes;
  const invalid = (why: string): Error => corruptData('NPY_INVALID', `${name}: not a NumPy array: ${why}`);
  if (bytes.size < NPY_MAGIC.length + 4) throw invalid('it is too short');
  const head = await bytes.read(0, NPY_MAGIC.length + 4);
  if (!head.subarray(0, NPY_MAGIC.length).equals(NPY_MAGIC)) throw invalid('it does not begin as one');
  const version = head[NPY_MAGIC.length] ?? 0;
  if (version < 1 || version > 3) throw invalid(`version ${version} is not known`);
  const lengthBytes = version === 1 ? 2 : 4;
  const start = NPY_MAGIC.length + 2 + lengthBytes;
  if (bytes.size < start) throw invalid('its header is cut');
  const length = (await bytes.read(start - lengthBytes, lengthBytes)).readUIntLE(0, lengthBytes);
  if (length > MAX_HEADER_BYTES) throw invalid(`its header has ${length} bytes`);
  if (bytes.size < start + length) throw invalid('its header is cut');
  const header = (await bytes.read(start, length)).toString(version === 3 ? 'utf8' : 'latin1');
  const [, descr = '', order, sizes = ''] = HEADER.exec(header) ?? [];
  if (order === undefined) throw invalid('its header is not of the known form');
  const shape = sizes
    .split(',')
    .map((size) => size.trim())
    .filter((size) => size !== '')
    .map(Number);
  if (order === 'True' && shape.length > 1) {
    throw incompatible('ARRAY_ORDER', `${name} is in Fortran order; save np.ascontiguousarray of it`);
  }
  return checkSize({ name, type: typeOf(descr, name), shape, bytes, offset: start + length });
}

function typeOf(descr: string, name: string): ElementType {
  const code = /^'([<>|=]?)([a-zA-Z]\d*)'$/.exec(descr);
  const [, endian = '', type = ''] = code ?? [];
  if (type.startsWith('O')) {
    throw incompatible(
      'NPY_PICKLED',
      `${name} holds pickled Python objects, which are not read; save numbers`,
    );
  }
  if (!Object.hasOwn(ELEMENT_BYTES, type) || endian === '>') {
    throw incompatible(
      'ARRAY_TYPE',
      `${name} has elements of type ${descr}; wanted are little-endian numbers, as by astype('<f4')`,
    );
  }
  return type as ElementType;
}
