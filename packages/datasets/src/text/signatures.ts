/** First bytes of formats that people have data sets in, and of what gets into their place. */
const SIGNATURES: readonly (readonly [name: string, bytes: readonly number[], unpack?: string])[] = [
  ['gzip-compressed', [0x1f, 0x8b], 'gzip -d'],
  ['Zstandard-compressed', [0x28, 0xb5, 0x2f, 0xfd], 'zstd -d'],
  ['xz-compressed', [0xfd, 0x37, 0x7a, 0x58, 0x5a], 'xz -d'],
  ['LZ4-compressed', [0x04, 0x22, 0x4d, 0x18], 'lz4 -d'],
  ['a 7z archive', [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], '7z x'],
  ['a SQLite database', bytesOf('SQLite format 3\0')],
  ['a Parquet file', bytesOf('PAR1')],
  ['an encrypted Parquet file', bytesOf('PARE')],
  ['an Arrow file', bytesOf('ARROW1\0\0')],
  ['an Arrow stream', [0xff, 0xff, 0xff, 0xff]],
  ['a Feather file', bytesOf('FEA1')],
  ['an Avro file', bytesOf('Obj\x01')],
  ['an HDF5 file', [0x89, 0x48, 0x44, 0x46]],
  ['a NumPy array', [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]],
  ['a PDF document', bytesOf('%PDF-')],
  ['a rich-text document', bytesOf('{\\rtf')],
  ['a GGUF model', bytesOf('GGUF\x02')],
  ['a GGUF model', bytesOf('GGUF\x03')],
  ['a document of an old Office', [0xd0, 0xcf, 0x11, 0xe0]],
  ['a PNG image', [0x89, 0x50, 0x4e, 0x47]],
  ['a JPEG image', [0xff, 0xd8, 0xff]],
  ['a program', [0x7f, 0x45, 0x4c, 0x46]],
  ['UTF-32 text', [0xff, 0xfe, 0, 0], 'iconv -f UTF-32 -t UTF-8'],
  ['UTF-32 text', [0, 0, 0xfe, 0xff], 'iconv -f UTF-32 -t UTF-8'],
  ['UTF-16 text', [0xff, 0xfe], 'iconv -f UTF-16 -t UTF-8'],
  ['UTF-16 text', [0xfe, 0xff], 'iconv -f UTF-16 -t UTF-8'],
];

const BZIP2_BLOCK = bytesOf('1AY&SY');
const ZIP_RECORDS = [0x0304, 0x0506, 0x0708];
const TAR_MAGIC_AT = 257;
/** Share of NUL bytes at even or odd places from which bytes are UTF-16 of a Latin script. */
const MOSTLY = 0.4;

/** What a file is that is no UTF-8 text, in words. */
export interface Binary {
  readonly what: string;
  /** Program that makes text of it. */
  readonly unpack?: string | undefined;
}

/** Recognises a file by its first bytes; undefined for what may be text. */
export function binaryOf(head: Buffer): Binary | undefined {
  for (const [what, bytes, unpack] of SIGNATURES) {
    if (startsWith(head, bytes)) return { what, unpack };
  }
  if (startsWith(head, bytesOf('BZh')) && startsWith(head.subarray(4), BZIP2_BLOCK)) {
    return { what: 'bzip2-compressed', unpack: 'bzip2 -d' };
  }
  if (startsWith(head, bytesOf('PK')) && head.length > 3 && ZIP_RECORDS.includes(head.readUInt16BE(2))) {
    return zipOf(head);
  }
  if (head.length > 2 && head[0] === 0x80 && [2, 3, 4, 5].includes(head[1] ?? 0)) return { what: 'a pickle' };
  if (startsWith(head.subarray(TAR_MAGIC_AT), bytesOf('ustar')))
    return { what: 'a tar archive', unpack: 'tar -x' };
  return nulsOf(head);
}

/** A zip archive by what programs keep in one. */
function zipOf(head: Buffer): Binary {
  const names = head.toString('latin1');
  if (/\/data\.pkl|\.data\/serialization_id/.test(names)) return { what: 'a PyTorch checkpoint' };
  if (names.includes('[Content_Types].xml')) return { what: 'an Office document' };
  if (/\.npy/.test(names)) return { what: 'a NumPy archive' };
  return { what: 'a zip archive', unpack: 'unzip' };
}

/** NUL bytes in the places where UTF-16 and UTF-32 have them, or anywhere else. */
function nulsOf(head: Buffer): Binary | undefined {
  if (!head.includes(0)) return undefined;
  const nuls = [0, 0, 0, 0];
  head.forEach((byte, i) => {
    if (byte === 0) nuls[i % 4] = (nuls[i % 4] ?? 0) + 1;
  });
  const quarter = head.length / 4;
  switch (nuls.map((count) => Number(count >= MOSTLY * quarter)).join('')) {
    case '0101':
      return { what: 'UTF-16 text without a byte-order mark', unpack: 'iconv -f UTF-16LE -t UTF-8' };
    case '1010':
      return { what: 'UTF-16 text without a byte-order mark', unpack: 'iconv -f UTF-16BE -t UTF-8' };
    case '0111':
      return { what: 'UTF-32 text without a byte-order mark', unpack: 'iconv -f UTF-32LE -t UTF-8' };
    case '1110':
      return { what: 'UTF-32 text without a byte-order mark', unpack: 'iconv -f UTF-32BE -t UTF-8' };
    default:
      return { what: 'binary data with NUL bytes' };
  }
}

function bytesOf(text: string): number[] {
  return [...Buffer.from(text, 'latin1')];
}

const startsWith = (head: Buffer, bytes: readonly number[]): boolean =>
  head.length >= bytes.length && bytes.every((byte, i) => head[i] === byte);
