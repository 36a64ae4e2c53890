import { matchesPattern, selectTensors } from './select.js';

const names = ['layer.0.query.weight', 'layer.0.query.bias', 'layer.1.query.weight', 'head'];

describe('selectTensors', () => {
  it.each([
    ['head', 'head', true],
    ['*', 'head', true],
    ['*.query.*', 'layer.0.query.weight', true],
    ['layer.*.query', 'layer.0.query', true],
    ['a*a', 'a', false],
    ['a*b*b', 'ab', false],
    ['a*b*b', 'abb', true],
    ['HEAD', 'head', false],
    ['', 'head', false],
  ])('%s on %s: %s', (pattern, name, expected) => {
    expect(matchesPattern(pattern, name)).toBe(expected);
  });

  it('keeps the order and accepts names without .weight', () => {
    expect(selectTensors(names, ['head', 'layer.0.query'], 'tensors')).toEqual([
      'layer.0.query.weight',
      'head',
    ]);
    expect(selectTensors(names, [], 'tensors')).toEqual(names);
  });

  it('names a pattern that matches nothing and what may have been meant', () => {
    expect(() => selectTensors(names, ['head', '*.qeury'], 'tensors')).toThrow(
      'tensors[1]: "*.qeury" matches no tensor; did you mean "query"?',
    );
  });
});
