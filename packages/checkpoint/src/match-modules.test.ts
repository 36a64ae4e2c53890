import { runInNewContext } from 'node:vm';

import { matchModules, modulePattern } from './match-modules.js';

const MODULES = [
  'encoder.layer.0.attention.self.query',
  'encoder.layer.0.attention.self.value',
  'encoder.layer.1.attention.self.query',
  'classifier',
];

function caught(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

test('a name means every module of that name, in the order of the model', () => {
  expect(matchModules(MODULES, ['value', 'query'])).toEqual(MODULES.slice(0, 3));
});

test('a name must match whole components', () => {
  expect(() => matchModules(MODULES, ['uery'])).toThrow('did you mean "query"?');
});

test('patterns are regular expressions', () => {
  expect(matchModules(MODULES, ['layer\\.1\\..*query'])).toEqual([MODULES[2]]);
  expect(matchModules(MODULES, ['self\\.(query|value)'])).toHaveLength(3);
});

test('a pattern without a match is named with its place', () => {
  expect(caught(() => matchModules(MODULES, ['query', 'valeu'], 'target_modules'))).toMatchObject({
    reason: 'PATTERN_MATCHES_NOTHING',
    message: 'target_modules[1]: "valeu" matches no module; did you mean "value"?',
  });
});

test.each(['(a+)+', '(a|b)*', '(', '', '(a)\\1', 'a*b*c*d*', '(?=x)', 'x'.repeat(300), '\\'])(
  '%j is refused',
  (pattern) => {
    expect(caught(() => modulePattern(pattern, 'f'))).toMatchObject({ reason: 'INVALID_PATTERN' });
  },
);

test('the worst pattern that is allowed does not explode on a long name', () => {
  // Some 5 million steps, a thousandth of what this allows on a slow machine; a repeated group would take 2^150.
  const expression = modulePattern('.*x.*y.*z', 'f');
  const name = 'xy'.repeat(150);
  expect(runInNewContext('expression.test(name)', { expression, name }, { timeout: 60_000 })).toBe(false);
});
