import { defined, overlay } from './document.js';

describe('overlay', () => {
  it('merges objects, replaces the rest and leaves what is undefined', () => {
    expect(
      overlay({ a: { b: 1, c: [1, 2] }, d: 1 }, { a: { c: [3], e: 2 }, d: undefined, f: { g: 1 } }),
    ).toEqual({ a: { b: 1, c: [3], e: 2 }, d: 1, f: { g: 1 } });
  });

  it('replaces a field that the lower one spells in snake_case', () => {
    expect(overlay({ target_modules: ['a'], model: { uri: 'm' } }, { targetModules: ['b'] })).toEqual({
      targetModules: ['b'],
      model: { uri: 'm' },
    });
  });
});

describe('defined', () => {
  it('drops undefined values and objects without any', () => {
    expect(defined({ a: undefined, b: { c: undefined }, d: { e: 0 } })).toEqual({ d: { e: 0 } });
    expect(defined({ b: { c: undefined } })).toBeUndefined();
  });
});
