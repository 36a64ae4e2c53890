import { parseMergekitDocuments } from '../yaml/parse-yaml.js';
import { mapMergekitUris } from './map-references.js';
import { readReference, writeReference } from './model-reference.js';

const TEXT = `
base_model: base
merge_method: ties
models: [{model: a+adapter, parameters: {weight: 1}}, {model: {model: {path: b, revision: v1}, lora: c}}]
slices: [{base_model: d, sources: [{model: e, layer_range: [0, 1]}]}]
modules: {default: {models: [{model: f}], slices: [{sources: [{model: g}]}]}}
tokenizer_source: h
tokenizer: {source: union, tokens: {x: {source: i}, y: {source: {kind: model_token, model: j, token: z}}}}
`;

test('every reference is visited with its place', () => {
  const seen: [string, string][] = [];
  const text = mapMergekitUris(TEXT, (uri, field) => {
    seen.push([uri, field]);
    return uri;
  });
  expect(Object.fromEntries(seen.map(([uri, field]) => [field, uri]))).toEqual({
    'mergekit.base_model': 'base',
    'mergekit.models[0].model': 'a',
    'mergekit.models[0].model.lora': 'adapter',
    'mergekit.models[1].model': 'hf:b@v1',
    'mergekit.models[1].model.lora': 'c',
    'mergekit.slices[0].base_model': 'd',
    'mergekit.slices[0].sources[0].model': 'e',
    'mergekit.modules.default.models[0].model': 'f',
    'mergekit.modules.default.slices[0].sources[0].model': 'g',
    'mergekit.tokenizer_source': 'h',
    'mergekit.tokenizer.tokens.x.source': 'i',
    'mergekit.tokenizer.tokens.y.source.model': 'j',
  });
  expect(text).toBe(TEXT);
});

test('what is mapped is read as it was mapped, whatever its characters', () => {
  const mapped = mapMergekitUris('models: [{model: a+b}, {model: c}]', (uri) => `file:/c++/x@y/${uri}`);
  const [document] = parseMergekitDocuments(mapped) as [{ models: { model: unknown }[] }];
  expect(document.models.map(({ model }) => readReference(model, 'x'))).toEqual([
    { uri: 'file:/c++/x@y/a', adapter: 'file:/c++/x@y/b', architecture: undefined },
    { uri: 'file:/c++/x@y/c', adapter: undefined, architecture: undefined },
  ]);
  const plain = mapMergekitUris('models: [{model: a+b}]', (uri) => `file:/${uri}`);
  expect(parseMergekitDocuments(plain)).toEqual([{ models: [{ model: 'file:/a+file:/b' }] }]);
});

test('names of other documents are no paths; one document’s own name is none either', () => {
  const map = (uri: string): string => `/${uri}`;
  const several = mapMergekitUris('name: one\nbase_model: x\n---\nbase_model: one\n', map);
  expect(parseMergekitDocuments(several)).toEqual([{ name: 'one', base_model: '/x' }, { base_model: 'one' }]);
  expect(parseMergekitDocuments(mapMergekitUris('name: x\nbase_model: x\n', map))).toEqual([
    { name: 'x', base_model: '/x' },
  ]);
});

test.each([
  ['a', { uri: 'a' }],
  ['a@v1+b', { uri: 'hf:a@v1', adapter: 'b' }],
  [
    { model: 'a', lora: { path: 'b' }, override_architecture: 'X' },
    { uri: 'a', adapter: 'b', architecture: 'X' },
  ],
])('%j', (value, expected) => {
  const read = readReference(value, 'model');
  expect(read).toEqual({ adapter: undefined, architecture: undefined, ...expected });
  expect(readReference(writeReference(read), 'model')).toEqual(read);
});

test.each([
  ['a+b+c', 'WRONG_TYPE', 'model'],
  ['a@b@c', 'WRONG_TYPE', 'model'],
  ['', 'FIELD_MISSING', 'model'],
  [3, 'WRONG_TYPE', 'model'],
  [true, 'WRONG_TYPE', 'model'],
  [{ modle: 'a' }, 'UNKNOWN_FIELD', 'model.modle'],
  [{ model: { path: 3 } }, 'WRONG_TYPE', 'model.model.path'],
  [{ model: 'a', override_architecture: 1 }, 'WRONG_TYPE', 'model.override_architecture'],
])('%j is refused', (value, reason, field) => {
  let thrown: unknown;
  try {
    readReference(value, 'model');
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({ reason, fieldViolations: [{ field }] });
});
