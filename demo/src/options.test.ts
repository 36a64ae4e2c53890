import { parseOptions } from './options.js';

describe('parseOptions', () => {
  it('takes sizes from the command line', () => {
    const { training, data, out } = parseOptions(
      ['--seeds', '2', '--steps', '7', '--test-examples', '60', '--out', 'x'],
      '/root',
    );
    expect(training.seeds).toEqual([1, 2]);
    expect([training.steps, training.fullSteps]).toEqual([7, 7]);
    expect(data.sizes.test).toBe(60);
    expect(out).toBe('/root/x');
  });

  it('is smaller when quick, in every size', () => {
    const [full, quick] = [parseOptions([], '/'), parseOptions(['--quick'], '/')];
    expect(quick.training.steps).toBeLessThan(full.training.steps);
    for (const split of ['train', 'validation', 'test'] as const)
      expect(quick.data.sizes[split]).toBeLessThan(full.data.sizes[split]);
  });

  it.each([
    ['--seeds', '0'],
    ['--steps', 'many'],
    ['--speech-label', 'length'],
    ['--typo', '1'],
  ])('refuses %s %s', (...args) => {
    expect(() => parseOptions(args, '/')).toThrow();
  });
});
