import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { pickEntries } from './json/literals.js';
import { readJsonFile, sortedJson } from './json-file.js';
import { newFolder } from './testing/safetensors-bytes.js';

let folder: string;
beforeAll(async () => {
  folder = await newFolder();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(content: string | Uint8Array): Promise<Readonly<Record<string, unknown>>> {
  const path = join(folder, 'config.json');
  await writeFile(path, content);
  return readJsonFile(path);
}

test('numbers of Python are read, and written as they stood', async () => {
  // python3 -c 'import json; print(json.dumps({"a": float("inf"), …}, sort_keys=True, indent=2))'
  const text = `{
  "big": 9223372036854775808,
  "length": 1000000000000000019884624838656,
  "limit": [
    0.0,
    Infinity,
    -Infinity,
    NaN
  ],
  "nested": {
    "eps": 1e-05,
    "theta": 10000.0
  },
  "plain": 12
}
`;
  const value = await read(text);
  expect([...(value['limit'] as number[])]).toEqual([0, Infinity, -Infinity, NaN]);
  expect(value['big']).toBe(2 ** 63);
  expect(sortedJson(value)).toBe(text);
  // A copy keeps them, and a value that changed is written as it is now.
  const nested = value['nested'] as object;
  expect(sortedJson({ ...value, nested: { ...nested, theta: 5 } })).toBe(text.replace('10000.0', '5'));
  expect(sortedJson(pickEntries(value, (key) => key === 'big'))).toBe('{\n  "big": 9223372036854775808\n}\n');
});

test('what no file wrote is written as JavaScript does', () => {
  const value = { b: [], a: { y: undefined, x: 'ä"', n: NaN, '10': 1, '2': 2 }, c: {}, d: [1, undefined] };
  const sorted = { a: { '2': 2, '10': 1, n: NaN, x: 'ä"' }, b: [], c: {}, d: [1, undefined] };
  expect(sortedJson(value)).toBe(`${JSON.stringify(sorted, undefined, 2)}\n`);
});

test('a byte-order mark is no part of the text', async () => {
  expect(await read('\ufeff{"a": 1}')).toEqual({ a: 1 });
});

test('the same key twice with one value is read', async () => {
  expect(await read('{"a": 1, "a": 1, "__proto__": 2}')).toEqual(JSON.parse('{"a": 1, "__proto__": 2}'));
});

test.each<[string, string | Uint8Array, string]>([
  ['a key twice', '{"a": 1,\n "b": 2,\n "a": 3}', ':3: the key "a" stands twice, with two values'],
  ['a comma too many', '{"a": 1,\n}', ':1: a comma before }'],
  ['a comma too many in a list', '{"a": [1,\n\n]}', ':1: a comma before ]'],
  ['no comma', '{"a": 1\n "b": 2}', ':2: "b" instead of a comma or }'],
  ['a cut-off file', '{\n"a": [1, 2', ':2: it ends inside the list that begins in line 2; is it cut off?'],
  ['a cut-off string', '{\n"a": "x', ':2: a string that does not end where a value belongs'],
  [
    'a comment',
    '{ // why\n}',
    ':1: a comment, which JSON does not have instead of a key in double quotes or }',
  ],
  ['single quotes', "{'a': 1}", `:1: "'a'" instead of a key in double quotes or }`],
  ['a word', '{"a": None}', ':1: "None" where a value belongs'],
  ['a lone minus', '{"a": - 1}', ':1: "-" where a value belongs'],
  ['a number of another language', '{"a": 01.}', ':1: "01." where a value belongs'],
  [
    'a bad escape',
    '{\n"a": "\\x"}',
    ':2: "\\"\\\\x\\"" has a control character or an escape that JSON lacks',
  ],
  ['two values', '{}\n{}', ':2: "{" follows the end of the value'],
  ['a list', '[1]', ': holds a list instead of a JSON object'],
  ['no object', '"x"', ': holds "x" instead of a JSON object'],
  ['nothing', '', ': is empty'],
  ['blanks', ' \n', ': is empty'],
  ['UTF-16', Buffer.from('\ufeff{"a": 1}', 'utf16le'), ': is in UTF-16; save it as UTF-8'],
  ['UTF-16 without a mark', Buffer.from('{"a": 1}', 'utf16le'), ': is in UTF-16; save it as UTF-8'],
  ['Latin-1', Buffer.from('{"a": "\xe4"}', 'latin1'), ': is not UTF-8 text'],
  ['depth', '{"a":'.repeat(300), ':1: nested deeper than 200 levels'],
  [
    'a pointer',
    'version https://git-lfs.github.com/spec/v1\noid sha256:0\n',
    ': is a pointer of Git LFS; fetch the file itself with git lfs pull',
  ],
])('%s is refused by file, line and cause', async (_what, content, message) => {
  await expect(read(content)).rejects.toMatchObject({
    kind: 'CORRUPT_DATA',
    reason: 'CORRUPT_JSON',
    message: `config.json${message}`,
  });
});
