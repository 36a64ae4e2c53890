import type { Results } from '../results.js';
import { mean, runsOf } from './aggregate.js';
import { methodOf } from './charts/singular-values.js';
import { nameOf } from './palette.js';

const points = (difference: number): string =>
  `${difference < 0 ? '−' : '+'}${Math.abs(100 * difference).toFixed(1)} points`;

/** What the soups did against the member with the best validation accuracy, which is what one would ship without a soup. */
export function soupFindings(results: Results): string[] {
  return results.soups.map(({ recipe, task, kept, members, test }) => {
    const candidates = ['default', 'pissa', 'eva'].flatMap((start) => runsOf(results, task, start));
    const [best] = [...candidates].sort((a, b) => b.validation.accuracy - a.validation.accuracy);
    const other = best?.test.accuracy ?? NaN;
    const difference = test.accuracy - other;
    const [low, high] = test.wilson;
    const within = other >= low && other <= high;
    return (
      `The ${nameOf(recipe)} of ${kept} of ${members} models has a test accuracy of ${test.accuracy.toFixed(3)}: ` +
      `${points(difference)} against the member that validation would pick (${other.toFixed(3)})` +
      (within ? ', which is within the 95 % interval of the soup itself.' : '.')
    );
  });
}

/** What each merge of the two tasks kept of the single encoders. */
export function mergeFindings(results: Results): string[] {
  return results.merges
    .filter(({ chosen }) => chosen)
    .map(({ method, lambda, test }) => {
      const parts = results.tasks.map(({ name }) => {
        const single = results.runs.find(
          ({ id, task }) => task === name && results.mergedEncoders.includes(id),
        );
        const merged = test[name]?.accuracy ?? NaN;
        const before = single?.test.accuracy ?? NaN;
        return `${merged.toFixed(3)} on ${name} (${points(merged - before)} against its own encoder)`;
      });
      return `One encoder for both tasks by ${nameOf(method)}, λ = ${lambda} chosen on validation: ${parts.join(', ')}.`;
    });
}

/** How many intruder dimensions each training made. */
export function intruderFindings(results: Results): string[] {
  return results.readings.map(({ id, tensors }) => {
    const found = tensors.reduce((sum, { intruders }) => sum + intruders, 0);
    const examined = tensors.reduce((sum, { maxCosine }) => sum + maxCosine.length, 0);
    const ranks = tensors.flatMap(({ deltaStableRank }) => deltaStableRank ?? []);
    const unchanged = tensors.length - ranks.length;
    return (
      `${nameOf(methodOf(id))}: ${found} intruder dimensions among ${examined} leading singular vectors ` +
      `of ${tensors.length} matrices; ` +
      (ranks.length === 0
        ? 'no matrix changed.'
        : `mean stable rank of the change ${mean(ranks).toFixed(1)}${unchanged === 0 ? '' : `, without ${unchanged} that did not change`}.`)
    );
  });
}
