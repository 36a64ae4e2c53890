import type { merge } from '@eigenloom/contracts';
import type { Lineage } from '@eigenloom/runtime';

import type { ReadInput } from '../../plan/planned.js';
import { type ModuleReport, totalsOf } from './module-report.js';
import { modelTable, recipeSection } from '../../write/model-card.js';

/** What the card of an adapter tells of. */
export interface AdapterCardFacts {
  readonly request: merge.MergeRequest;
  readonly method: { readonly id: string; readonly summary: string; readonly paper: string };
  readonly inputs: readonly ReadInput[];
  readonly lineage: Lineage;
  readonly modules: readonly ModuleReport[];
  readonly notes: readonly string[];
}

/** README.md of an adapter that was made of others or of a model: what it is made of, how near it is, and the recipe. */
export function adapterCard(facts: AdapterCardFacts): string {
  const { method, modules, notes } = facts;
  return [
    '---',
    'library_name: peft',
    'tags: [eigenloom, merge, lora]',
    '---',
    '',
    '# Adapter',
    '',
    `${method.summary} (\`${method.id}\`, ${method.paper}).`,
    '',
    ...modelTable(facts),
    errorLine(modules),
    ...notes.flatMap((note) => ['', `${note}.`]),
    '',
    ...recipeSection(facts),
    '',
  ].join('\n');
}

/** Totals over the modules, and the module that is worst. */
function errorLine(modules: readonly ModuleReport[]): string {
  const pairs = modules.filter(({ rank }) => rank > 0);
  const full = modules.length - pairs.length;
  const { norm, error } = totalsOf(modules);
  // By comparisons: a call does not take as many arguments as an adapter may have modules.
  const smallest = pairs.reduce((least, { rank }) => Math.min(least, rank), Infinity);
  const largest = pairs.reduce((most, { rank }) => Math.max(most, rank), 0);
  const relative = ({ error: e, norm: n }: { error: number; norm: number }): number => (n === 0 ? 0 : e / n);
  const [worst] = [...pairs].sort((x, y) => relative(y) - relative(x));
  const range = worst === undefined ? '' : ` of rank ${smallest} to ${largest}`;
  return [
    `${pairs.length} modules${range}; ‖ΔW‖ = ${norm.toPrecision(6)}, error ${error.toPrecision(3)}.`,
    ...(worst === undefined
      ? []
      : [`Relative error of the worst module, \`${worst.module}\`: ${relative(worst).toPrecision(3)}.`]),
    ...(full === 0 ? [] : [`${full} tensors in full.`]),
  ].join(' ');
}
