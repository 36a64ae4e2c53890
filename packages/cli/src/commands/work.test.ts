import { Command } from 'commander';
import { requestFrom } from '../request.js';
import { addWork } from './work.js';

jest.mock('../run-work.js', () => ({ runWork: jest.fn() }));
const { runWork } = jest.requireMock<{ runWork: jest.Mock<Promise<void>, Parameters<typeof requestFrom>> }>(
  '../run-work.js',
);

/** The request of a command line. */
async function requestOf(...args: string[]): Promise<unknown> {
  const program = new Command().exitOverride().configureOutput({ outputError: () => undefined });
  addWork(program);
  for (const command of program.commands)
    command.exitOverride().configureOutput({ outputError: () => undefined });
  runWork.mockResolvedValue();
  await program.parseAsync(args, { from: 'user' });
  const [kind, recipe, edits, options] = runWork.mock.lastCall ?? [];
  return requestFrom(kind ?? 'init', recipe, edits ?? { methods: [], assignments: [] }, options ?? {});
}

describe('the commands that start jobs', () => {
  it('init: flags for what every start has, --set for the rest', async () => {
    const request = await requestOf(
      ...['init', '--model', '/m', '--adapter', '/a', '--adapter', '/b', '--method', 'pissa'],
      ...['--target', 'query, value', '--residual', '/r', '--set', 'lora.rank=8', '--set', 'lora.alpha=16'],
      ...['--set', 'pissa.power_iterations=4', '--out', '/o', '--seed', '3'],
    );
    expect(request).toMatchObject({
      model: { uri: 'file:/m', adapters: ['file:/a', 'file:/b'] },
      targetModules: ['query', 'value'],
      residualUri: 'file:/r',
      outputUri: 'file:/o',
      seed: 3n,
      adapter: { kind: { $case: 'lora', value: { rank: 8, alpha: 16 } } },
      start: { kind: { $case: 'pissa', value: { powerIterations: 4 } } },
    });
  });

  it('train and merge take requests without a recipe', async () => {
    expect(
      await requestOf(
        'train',
        '--model',
        '/m',
        '--data',
        '/d.jsonl',
        '--method',
        'full',
        '--set',
        'max_steps=3',
      ),
    ).toMatchObject({
      model: { uri: 'file:/m' },
      trainData: { uri: 'file:/d.jsonl' },
      trainable: { kind: { $case: 'full' } },
      maxSteps: 3,
    });
    expect(
      await requestOf(
        'merge',
        '--base',
        '/b',
        '--set',
        'models[0].model.uri=/x',
        '--set',
        'ties.density=0.5',
      ),
    ).toMatchObject({
      base: { uri: 'file:/b' },
      models: [{ model: { uri: 'file:/x' } }],
      method: { kind: { $case: 'ties', value: { density: 0.5 } } },
    });
  });

  it('analyze: the flags are fields of the study', async () => {
    expect(
      await requestOf(
        'analyze',
        'intruders',
        '--model',
        '/m',
        '--base',
        '/b',
        '--tensor',
        '*q',
        '--set',
        'intruders.epsilon=0',
      ),
    ).toMatchObject({
      study: {
        kind: {
          $case: 'intruders',
          value: { model: { uri: 'file:/m' }, base: { uri: 'file:/b' }, tensors: ['*q'], epsilon: 0 },
        },
      },
    });
  });

  it.each([
    [['init', '--method', 'pisa'], 'method: there is no method pisa; did you mean pissa?'],
    [['analyze', 'spectrum', '--data', 'x'], 'spectrum.data: is not a field'],
    [['analyze', 'spectra'], 'method: there is no method spectra; did you mean spectrum?'],
    [
      ['init', '--set', 'pissa.power_iteration=4'],
      'pissa.power_iteration: is not a field; did you mean power_iterations?',
    ],
    [['init', '--set', 'lora.rank=x'], 'lora.rank: must be an integer'],
    [['init', '--set', 'pissa'], undefined],
    [['init', '--seed', '18446744073709551616'], 'whole number from 0 to 18446744073709551615'],
    [['init', '--modl', 'x'], "unknown option '--modl'"],
    [['run'], "missing required argument 'recipe'"],
  ])('%j', async (args, message) => {
    const made = requestOf(...args);
    if (message === undefined)
      await expect(made).resolves.toMatchObject({ start: { kind: { $case: 'pissa' } } });
    else await expect(made).rejects.toThrow(message);
  });
});
