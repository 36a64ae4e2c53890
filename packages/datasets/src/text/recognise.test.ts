import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { loadDataset } from './dataset.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'recognise-'));
});
afterAll(() => rm(folder, { recursive: true }));

const file = async (name: string, content: string | Buffer): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
};

const RECORDS = [
  { text: 'one, two', label: 'a' },
  { text: 'three', label: 'b' },
];
const CSV = 'text,label\n"one, two",a\nthree,b\nfour,a\n';
const LONG = 'honest text, with a comma\n'.repeat(10_000);
const utf16be = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();
const local = (name: string): Buffer => {
  const header = Buffer.alloc(30);
  header.write('PK\x03\x04', 'latin1');
  return Buffer.concat([header, Buffer.from(name), deflateRawSync('content')]);
};

describe('data that is no text is refused by name, whatever the file is called', () => {
  it.each<[string, string | Buffer, RegExp]>([
    ['csv', CSV, /is CSV \(comma-separated values\)/],
    ['csv with CRLF and a byte-order mark', `\ufeff${CSV.replaceAll('\n', '\r\n')}`, /is CSV/],
    ['csv with other names', 'tweet,sentiment\nnice,1\nbad,0\nfine,1\n', /is CSV/],
    ['csv with one record', 'text,label\nnice day,1\n', /is CSV/],
    ['csv with unquoted commas', 'id,text\n1,well, well\n2,no\n', /is CSV/],
    ['csv without a head', '"nice, really",pos\n"bad, sorry",neg\n', /is CSV/],
    ['csv with line ends in quotes', 'body,kind\n"a\nb",x\n"c\nd",y\n"e\nf",z\n', /is CSV/],
    ['csv that is long', `text,label\n${'"a, b",1\n'.repeat(20_000)}`, /is CSV/],
    ['semicolons', 'text;label\ngut;1\n', /is CSV with semicolons/],
    ['tsv', 'ham\tGo until jurong point\nspam\tFree entry\nham\tOk\n', /is TSV/],
    ['json array', JSON.stringify(RECORDS), /is one JSON array/],
    ['json array over lines', `\n${JSON.stringify(RECORDS, undefined, 2)}\n`, /is one JSON array/],
    ['json array of strings', '["one",\n"two"]', /is one JSON array/],
    ['json object', JSON.stringify({ data: RECORDS }, undefined, 1), /is one JSON object/],
    ['json lines without texts', '{"body":"x"}\n{"body":"y"}\n', /JSON Lines without a field "text".*"body"/],
    ['nul bytes', Buffer.from('ab\0cd\nef\n'), /is binary data with NUL bytes/],
    ['only nul bytes', Buffer.alloc(5000), /is (binary data|UTF)/],
    ['nul bytes far in', Buffer.concat([Buffer.from(LONG), Buffer.from('x\0y\n')]), /:10001: has a NUL byte/],
    ['gzip', gzipSync('text\n'), /is gzip-compressed.*gzip -d/],
    ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 1, 2]), /is Zstandard-compressed/],
    ['bzip2', Buffer.from('BZh91AY&SYxx'), /is bzip2-compressed/],
    ['parquet', Buffer.from('PAR1\x15\x04'), /is a Parquet file/],
    ['arrow', Buffer.from('ARROW1\0\0'), /is an Arrow file/],
    ['utf-16 with a mark', Buffer.from('\ufeffhello\nyou\n', 'utf16le'), /is UTF-16 text.*iconv/],
    ['big-endian utf-16 with a mark', utf16be('\ufeffhello\nyou\n'), /is UTF-16 text.*iconv/],
    ['utf-16', Buffer.from('hello\nyou\n', 'utf16le'), /is UTF-16 text without.*UTF-16LE/],
    ['big-endian utf-16', utf16be('hello\nyou\n'), /is UTF-16 text without.*UTF-16BE/],
    ['latin-1', Buffer.from('ok\ncaf\xe9\n', 'latin1'), /:2: not UTF-8; convert/],
    ['pdf', '%PDF-1.7\n', /is a PDF document/],
    ['zip', local('texts.txt'), /is a zip archive.*unzip/],
    ['xlsx', local('[Content_Types].xml'), /is an Office document/],
    ['torch', local('archive/data.pkl'), /is a PyTorch checkpoint/],
    ['pickle', Buffer.from([0x80, 4, 0x95, 1]), /is a pickle/],
    ['numpy', Buffer.from('\x93NUMPY\x01\0', 'latin1'), /is a NumPy array/],
    ['line ends of old', 'one\rtwo\rthree\r', /lines end in CR alone/],
  ])('%s', async (name, content, message) => {
    for (const extension of ['txt', 'jsonl']) {
      const path = await file(`${name.replaceAll(' ', '-')}.${extension}`, content);
      if (extension === 'jsonl' && /without a field|CR alone|NUL byte$|not UTF-8/.test(message.source))
        continue;
      await expect(loadDataset(path)).rejects.toMatchObject({
        kind: 'CORRUPT_DATA',
        message: expect.stringMatching(message) as string,
      });
    }
  });

  it('a table by its extension too', async () => {
    for (const name of ['one-column.csv', 'one-column.tsv']) {
      await expect(loadDataset(await file(name, 'text\nfine\n'))).rejects.toMatchObject({
        reason: 'DATASET_FORMAT',
      });
    }
  });

  it('empty files and blank lines', async () => {
    for (const content of ['', '\n \r\n\n', '\ufeff']) {
      await expect(loadDataset(await file('empty.txt', content))).rejects.toMatchObject({
        reason: 'DATASET_EMPTY',
      });
    }
  });

  it('names the columns that a table of other fields has', async () => {
    const path = await file('fields.txt', 'comment,stars\nonly one\n');
    expect(await loadDataset(path)).toHaveLength(2);
    await expect(loadDataset(path, { textField: 'comment' })).rejects.toThrow('is CSV');
  });
});

describe('what is text stays text', () => {
  it.each<[string, string]>([
    ['commas in every line', 'Roses are red, violets blue\nSugar is sweet, honey too\nAnd here, one\n'],
    ['a line of names', 'Alice, Bob\nthey met, once\nand again, later\n'],
    ['quotes', '"Hello," he said, "you."\n"No," she said, "me."\n"Well," he said, "us."\n'],
    ['British quotes', '"Hello", he said\n"No", she said\n"Well", he said\n'],
    ['brackets', '[Verse 1]\nLa la\n[Chorus]\nLa\n'],
    ['citations', '[1]\n[2]\n'],
    ['a first line that is JSON', '{"text": "x"}\nis how a line of JSON Lines looks\n'],
    ['a first line that is an array', '["a"]\nis an array\n'],
    ['braces', '{ no JSON\n}\n'],
    ['code', 'def f(a, b):\n\treturn a, b\n\ndef g(a):\n\treturn a\n'],
    ['tabs', '\tindented\n\tlines\n\tall\n'],
    ['a table of Markdown', '| text | label |\n|---|---|\n| a | b |\n'],
    ['semicolons', 'first; second\nthird; fourth\nfifth; sixth\n'],
    ['CRLF and é', 'caf\u00e9\r\n\u4f60\u597d\r\n'],
    ['PK', 'PK is a pair of letters\nBZh too\n'],
  ])('%s', async (name, content) => {
    const examples = await loadDataset(await file(`text ${name}.txt`, content));
    const lines = content.split(/\r?\n/).filter((line) => line.trim() !== '');
    expect(examples.map(({ text }) => text)).toEqual(lines);
  });

  it('and JSON Lines are read as such under any name', async () => {
    const lines = RECORDS.map((record) => JSON.stringify(record)).join('\r\n');
    for (const name of ['lines.txt', 'lines.data', 'lines.json', 'LINES.NDJSON']) {
      const examples = await loadDataset(await file(name, `\ufeff${lines}\r\n`), { requireLabels: true });
      expect(examples).toEqual([
        { ...RECORDS[0], line: 1 },
        { ...RECORDS[1], line: 2 },
      ]);
    }
  });

  it('and JSON Lines whose first object is larger than the sample', async () => {
    const lines = `${JSON.stringify({ text: 'x'.repeat(200_000) })}\n${JSON.stringify({ text: 'y' })}\n`;
    expect(await loadDataset(await file('large.jsonl', lines))).toHaveLength(2);
  });
});
