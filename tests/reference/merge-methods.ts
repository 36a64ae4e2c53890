import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';

import { METHODS } from '@eigenloom/merge-service';

import type { CaseOutcome } from './mergekit-cases.js';
import { type MethodHeader, methodHeader } from './method-header.js';

const FOLDER = resolve('services/merge/src/methods');
const LINK = '../../services/merge/src/methods';

const HEAD = `# Every merge method

\`npm run reference\` makes this page: from the methods' own files, and by running every case of \`tests/golden/mergekit\`. \`npm run check\` says whether it is fresh.
"mergekit" counts the cases whose tensors are within the bounds: float32 within 1e-6 of the tensor's largest value, bf16 within one step.
[Merging models](../guides/merge.md) has the formulas and the parameters.

| method | paper | base | models | mergekit 0.1.5 | checked otherwise | differs from the paper | with \`MERGE_MODE_MERGEKIT\` |
|---|---|---|---|---|---|---|---|
`;

type Method = (typeof METHODS)[number];

/** The page, from the results of the cases. */
export function mergeMethodsPage(outcomes: readonly CaseOutcome[]): string {
  const files = new Set(readdirSync(FOLDER));
  const rows = METHODS.map((method) => {
    const file = `${method.id.replaceAll('_', '-')}.ts`;
    if (!files.has(file)) throw new Error(`${method.id}: there is no ${file}`);
    const cases = outcomes.filter((outcome) => outcome.method === method.id);
    return row(method, methodHeader(FOLDER, file, LINK), cases);
  });
  return `${HEAD}${rows.join('\n')}\n`;
}

const passes = ({ beyond, error }: CaseOutcome): boolean => beyond === 0 && error === undefined;

function row(method: Method, header: MethodHeader, cases: readonly CaseOutcome[]): string {
  const { minModels, maxModels } = method.inputs;
  const models =
    maxModels === undefined
      ? `${minModels}+`
      : minModels === maxModels
        ? `${minModels}`
        : `${minModels} to ${maxModels}`;
  const cells = [
    `[\`${method.id}\`](${LINK}/${header.file})`,
    method.paper,
    method.inputs.base,
    models,
    cases.length === 0 ? '–' : `${cases.filter(passes).length} of ${cases.length}`,
    header.checked || '–',
    header.deviations || 'Nothing.',
    header.inMergekitMode || '–',
  ];
  return `| ${cells.join(' | ')} |`;
}
