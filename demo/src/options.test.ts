import { AppError } from '@eigenloom/errors';
import { parseOptions } from './options.js';

function failureOf(act: () => unknown): AppError {
  try {
    act();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

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

  it.each([
    [['--typo', '1'], '--typo'],
    [['--seeds'], '--seeds'],
    [['stray'], 'stray'],
  ])('names what is wrong with %j, and the options that there are', (args, name) => {
    const failure = failureOf(() => parseOptions(args, '/'));
    expect(failure).toMatchObject({ kind: 'INVALID_INPUT', reason: 'USAGE' });
    expect(failure.message).toContain(name);
    expect(failure.message).toContain('--test-examples');
  });
});
