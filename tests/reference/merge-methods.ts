import { existsSync } from 'node:fs';

import { methodId } from '@eigenloom/contracts';
import { DEFINITIONS, type MethodFacts } from '@eigenloom/merge-service';

import type { CaseOutcome } from './mergekit-cases.js';

const SOURCE = 'services/merge/src/methods';
const TO_ROOT = '../..';

const HEAD = `# Every merge method

\`npm run reference\` makes this page: from the methods' own files, and by running every case of \`tests/golden/mergekit\`. \`npm run check\` says whether it is fresh.
"mergekit" counts the cases whose tensors are within the bounds: float32 within 1e-6 of the tensor's largest value, bf16 within one step. Every method is
in the property suite of its kind as well: identity, order of the models, the same bytes on any number of threads, non-finite input refused by name.
[Merging models](../guides/merge.md) has the formulas and the parameters; \`npm run bench -- conformance\` compares with mergekit on random models.

## Models

| method | paper | base | models | mergekit 0.1.5 | checked otherwise | differs from the paper | with \`MERGE_MODE_MERGEKIT\` |
|---|---|---|---|---|---|---|---|
`;

const OTHERS = `
## Adapters and mixtures

| method | paper | checked against | differs from the paper |
|---|---|---|---|
`;

type Definition = (typeof DEFINITIONS)[keyof typeof DEFINITIONS];
interface Method {
  readonly id: string;
  readonly definition: Definition;
}

const METHODS: readonly Method[] = Object.entries(DEFINITIONS).map(([name, definition]) => ({
  id: methodId(name),
  definition,
}));

/** The page, from the results of the cases. */
export function mergeMethodsPage(outcomes: readonly CaseOutcome[]): string {
  const models = METHODS.filter(({ definition }) => definition.makes === 'model').map((method) =>
    modelRow(
      method,
      outcomes.filter((outcome) => outcome.method === method.id),
    ),
  );
  const others = METHODS.filter(({ definition }) => definition.makes !== 'model').map(otherRow);
  return `${HEAD}${models.join('\n')}\n${OTHERS}${others.join('\n')}\n`;
}

const passes = ({ beyond, error }: CaseOutcome): boolean => beyond === 0 && error === undefined;
const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** A method's file: one that makes an adapter of adapters has a folder, which says so. */
function fileOf({ id, definition }: Method): string {
  const inFolder = definition.makes === 'adapter' ? id.replace(/^adapter_/, 'adapters/') : id;
  const path = `${SOURCE}/${inFolder.replaceAll('_', '-')}.ts`;
  if (!existsSync(path)) throw new Error(`${id}: there is no file ${path}`);
  return path;
}

const linked = (method: Method): string => `[\`${method.id}\`](${TO_ROOT}/${fileOf(method)})`;

/** A sentence of a method as a cell, in which other methods are links. */
const cell = (text: string, own: string): string =>
  text.replaceAll('|', '\\|').replace(/`(\w+)`/g, (whole, name: string) => {
    const other = METHODS.find(({ id }) => id === name && id !== own);
    return other === undefined ? whole : linked(other);
  });

function modelRow(method: Method, cases: readonly CaseOutcome[]): string {
  const { paper, inputs, checked, deviations, inMergekitMode }: MethodFacts = method.definition;
  const { base, minModels, maxModels } = inputs;
  const range = minModels === maxModels ? `${minModels}` : `${minModels} to ${maxModels ?? 'any'}`;
  return row([
    linked(method),
    paper,
    base,
    maxModels === undefined ? `${minModels}+` : range,
    cases.length === 0 ? '–' : `${cases.filter(passes).length} of ${cases.length}`,
    cell(checked ?? '–', method.id),
    cell(deviations || 'None.', method.id),
    cell(inMergekitMode ?? '–', method.id),
  ]);
}

function otherRow(method: Method): string {
  const { paper, checked, deviations }: MethodFacts = method.definition;
  return row([
    linked(method),
    paper,
    cell(checked ?? '–', method.id),
    cell(deviations || 'None.', method.id),
  ]);
}
