import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parseRecipe } from './recipe.js';
import { zeroIsDefault } from './zero-defaults.js';

const PROTO = join(__dirname, '..', '..', '..', '..', 'proto', 'eigenloom');

/** Numeric fields of the contract without presence, with their comments, by full name. */
function plainNumbers(): Map<string, string> {
  const found = new Map<string, string>();
  for (const area of readdirSync(PROTO)) {
    for (const file of readdirSync(join(PROTO, area, 'v1'))) {
      let message = '';
      let comment = '';
      for (const line of readFileSync(join(PROTO, area, 'v1', file), 'utf8').split('\n')) {
        message = /^message (\w+)/.exec(line)?.[1] ?? message;
        const said = /^\s*\/\/ ?(.*)/.exec(line)?.[1];
        const field = /^\s*(?:u?int32|u?int64|double|float) (\w+) = \d+;/.exec(line)?.[1];
        if (field !== undefined) found.set(`eigenloom.${area}.v1.${message}.${field}`, comment);
        comment = said === undefined ? '' : `${comment} ${said}`;
      }
    }
  }
  return found;
}

test('are the plain numbers of the contract that have a default other than 0', () => {
  const numbers = plainNumbers();
  expect(numbers.size).toBeGreaterThan(50);
  const wanted = [...numbers]
    .filter(([, comment]) => /\bDefault(?! 0\.)/.test(comment))
    .map(([name]) => name);
  expect([...numbers.keys()].filter(zeroIsDefault)).toEqual(wanted);
});

test.each([
  ['train', 'batch_size: 0', 'batch_size'],
  ['train', 'epochs: 0.0', 'epochs'],
  ['train', 'optimizer: {learningRate: 0}', 'optimizer.learning_rate'],
  ['analysis', 'intruders: {k: 0}', 'intruders.k'],
  ['init', 'alpha: -0.0', 'alpha'],
  ['merge', 'max_shard_bytes: "0"', 'max_shard_bytes'],
  ['merge', 'adapter_svd: {rank: 0}', 'adapter_svd.rank'],
] as const)('0 in a recipe is refused where it would stand for the default: %s, %s', (kind, text, field) => {
  expect(() => parseRecipe(kind, text)).toThrow(
    `${field}: is 0, which would stand for the default; give a number above 0, or leave it out for the default`,
  );
});

test.each([
  ['train', 'max_steps: 0\nearly_stopping_patience: 0\nseed: 0\nlora: {dropout: 0}'],
  ['analysis', 'intruders: {epsilon: 0}'],
  ['init', 'pissa: {power_iterations: 0, oversampling: 0}'],
  ['merge', 'ties: {density: 0, lambda: 0}\nmodels: [{weight: 0, data: {limit: 0}}]'],
] as const)('0 is taken where it means 0, or what the contract says: %s', (kind, text) => {
  expect(() => parseRecipe(kind, text)).not.toThrow();
});
