import { orderedJson } from '../json-file.js';
import { parseJson } from './parse-json.js';
import { quickParse } from './quick-parse.js';

/** What it gives, written again with the numbers as they stood; undefined where the scanner must look. */
function written(text: string, maxDepth = 20): string | undefined {
  const found = quickParse(text, maxDepth);
  return found === undefined ? undefined : orderedJson({ value: found.value });
}
const compact = (text: string | undefined): string | undefined => text?.replaceAll(/\s+/g, '');

test.each([
  '{"a":1e-05,"b":[1.0,-0,-0.0,1E5,12345678901234567890,0.1,-7],"c":NaN}',
  '[Infinity,-Infinity,[NaN],{"x":{"y":10000.0}}]',
  '{"1":2.50,"0":1.50,"__proto__":3,"constructor":1.0}',
  '{"a\\"1.0:,{":"1.0","\\\\":"\\\\\\"","NaN":"NaN","Ġ1.0":":"}',
  '1.0',
  '"x"',
  'null',
  '[]',
  '{"a":{}}',
])('numbers stand as they stood, strings are left alone: %s', (text) => {
  const again = written(text);
  expect(again).toBeDefined();
  const integerKeysFirst = text.startsWith('{"1"')
    ? '{"0":1.50,"1":2.50,"__proto__":3,"constructor":1.0}'
    : text;
  // A number that stands alone has no holder that would remember it.
  if (text !== '1.0') expect(compact(again)).toBe(`{"value":${integerKeysFirst}}`);
});

test.each([
  '{"a":1,"a":2}',
  '{"a":1.0,"b":{"a":1,"a":1}}',
  '{1.0:2}',
  '{NaN:2}',
  '[01]',
  '[1.]',
  '[.5]',
  '[+1]',
  '[1,]',
  '[--1]',
  '[1.0.0]',
  '{"a":1.0',
  '["a',
  '["\ue0001.0"]',
  '',
])('the scanner looks at %j', (text) => {
  expect(written(text)).toBeUndefined();
});

test('nesting is followed as deep as the scanner does', () => {
  const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  expect(written(nested(21), 20)).toBeDefined();
  expect(written(nested(22), 20)).toBeUndefined();
  expect(() => parseJson(nested(202), 'a.json')).toThrow('nested deeper than 200 levels');
  expect(parseJson(nested(201), 'a.json')).toBeDefined();
});

test('a large tokenizer is read so, and remembers its scores', () => {
  const vocab = Array.from({ length: 20_000 }, (_, i) => `["t${i}",${-i}.0]`);
  const text = `{"model":{"vocab":[${vocab.join(',')}]}}`;
  expect(compact(written(text))).toBe(`{"value":${text.replace('-0.0', '-0.0')}}`);
});
