import { AppError, incompatible } from '@eigenloom/errors';
import { describeFailure } from './failure.js';
import { createProgram } from './program.js';

describe('describeFailure', () => {
  it('is one line whatever the message holds', () => {
    expect(describeFailure(incompatible('X', 'tensor \u001b[31ma\nb\u2028c does not fit'))).toEqual({
      line: 'eigenloom: tensor [31ma b c does not fit',
      status: 4,
    });
  });

  it('says nothing of an unexpected error but that it happened', () => {
    expect(describeFailure(new TypeError('x is not a function'))).toEqual({
      line: 'eigenloom: internal error',
      status: 1,
    });
  });

  it.each([
    [['run'], `missing required argument 'recipe'; see eigenloom run --help`],
    [['jobs'], 'a command is missing; see eigenloom jobs --help'],
    [[], 'a command is missing; see eigenloom --help'],
    [['mrge'], `unknown command 'mrge' (Did you mean merge?)`],
    [['frobnicate'], `unknown command 'frobnicate'; see eigenloom --help`],
    [['frobnicate', 'x'], `unknown command 'frobnicate'; see eigenloom --help`],
    [['jobs', 'frobnicate'], `unknown command 'frobnicate'; see eigenloom jobs --help`],
    [['jobs', 'show'], `missing required argument 'name'; see eigenloom jobs show --help`],
    [['jobs', 'prune', '--older-than', '5x'], /It is not an age .*; see eigenloom jobs prune --help/],
    [['up', '--port', 'four'], /'four' is invalid\. It is not a whole number .*; see eigenloom up --help/],
  ] as const)('says how a command is used: %j', async (argv, message) => {
    const program = createProgram();
    const error = await program.parseAsync(argv, { from: 'user' }).catch((thrown: unknown) => thrown);
    const { line, status } = describeFailure(error, argv, program);
    expect(line.slice('eigenloom: '.length)).toEqual(
      typeof message === 'string' ? message : expect.stringMatching(message),
    );
    expect(status).toBe(2);
  });

  it('shows defaults of options as they are written', () => {
    const jobs = createProgram().commands.find((command) => command.name() === 'jobs');
    const prune = jobs?.commands.find((command) => command.name() === 'prune');
    expect(prune?.helpInformation()).toMatch(/\(default: "?30d"?\)/);
  });

  it('knows a cancelled job', () => {
    expect(describeFailure(new AppError('CANCELLED', 'CANCELLED', 'cancelled')).status).toBe(130);
  });
});
