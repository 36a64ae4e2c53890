import { init } from '@eigenloom/contracts';
import { Command } from 'commander';
import { addInit, initDocument } from './init.js';

/** What the options of a command line come to, without running it. */
function documentOf(...args: string[]): ReturnType<typeof initDocument> {
  const program = new Command().exitOverride().configureOutput({ outputError: () => undefined });
  addInit(program);
  let document: ReturnType<typeof initDocument> = {};
  program.commands[0]!.action((_recipe: unknown, options: Parameters<typeof initDocument>[0]) => {
    document = initDocument(options);
  });
  program.parse(['init', ...args], { from: 'user' });
  return document;
}

describe('eigenloom init', () => {
  it('spells the request of its options', () => {
    const document = documentOf(
      ...['--model', 'm', '--method', 'pissa', '--rank', '8', '--alpha', '16', '--target', 'query, value'],
      ...['--residual', 'r', '--power-iterations', '4', '--out', 'o'],
    );
    expect(init.InitAdapterRequest.fromJSON(document)).toEqual(
      init.InitAdapterRequest.fromPartial({
        model: { uri: 'm' },
        rank: 8,
        alpha: 16,
        targetModules: ['query', 'value'],
        residualUri: 'r',
        method: { $case: 'pissa', value: { powerIterations: 4 } },
      }),
    );
  });

  it('chooses a method that has no options', () => {
    expect(init.InitAdapterRequest.fromJSON(documentOf('--method', 'default')).method).toEqual({
      $case: 'default',
      value: {},
    });
  });

  it('gives --data to eva', () => {
    expect(documentOf('--method', 'eva', '--data', 'texts.txt')).toEqual({
      eva: { data: { uri: 'texts.txt' } },
    });
  });

  it('refuses an option that another method owns', () => {
    expect(() => documentOf('--method', 'pissa', '--data', 'texts.txt')).toThrow(
      '--method pissa: it does not take data, which belongs to --method eva',
    );
  });

  it.each([
    [['--rank', '-1'], /option '--rank <r>' argument '-1' is invalid/],
    [['--rank', '4294967296'], /whole number from 0 to 4294967295/],
    [['--alpha', 'x'], /It is not a number/],
    [['--seed', '18446744073709551616'], /whole number from 0 to 18446744073709551615/],
    [['--rnk', '8'], /unknown option '--rnk'\s+\(Did you mean --rank\?\)/],
  ])('refuses %j', (args, message) => {
    expect(() => documentOf(...args)).toThrow(message);
  });
});
