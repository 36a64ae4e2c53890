import { METHODS, TENSOR_METHODS } from '@eigenloom/merge-service';

import { type MethodHeader, methodHeaders } from './method-header.js';
import type { CaseOutcome } from './mergekit-cases.js';

const SOURCE = 'services/merge/src';
const FOLDERS = ['methods', 'adapters/methods', 'extract', 'mixture'].map((folder) => `${SOURCE}/${folder}`);
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

type TensorMethod = (typeof TENSOR_METHODS)[number];
type Method = (typeof METHODS)[number];

/** The page, from the results of the cases. */
export function mergeMethodsPage(outcomes: readonly CaseOutcome[]): string {
  const headers = methodHeaders(FOLDERS, TO_ROOT);
  const headerOf = ({ id }: { readonly id: string }): MethodHeader => {
    const header = headers.get(id);
    if (header === undefined || header.path === '') throw new Error(`${id}: there is no file for it`);
    return header;
  };
  const models = TENSOR_METHODS.map((method) =>
    modelRow(
      method,
      headerOf(method),
      outcomes.filter((outcome) => outcome.method === method.id),
    ),
  );
  const known = new Set(TENSOR_METHODS.map(({ id }) => id));
  const others = METHODS.filter(({ id }) => !known.has(id)).map((method) =>
    otherRow(method, headerOf(method)),
  );
  return `${HEAD}${models.join('\n')}\n${OTHERS}${others.join('\n')}\n`;
}

const passes = ({ beyond, error }: CaseOutcome): boolean => beyond === 0 && error === undefined;
const linked = (id: string, { path }: MethodHeader): string => `[\`${id}\`](${TO_ROOT}/${path})`;
const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

function modelRow(method: TensorMethod, header: MethodHeader, cases: readonly CaseOutcome[]): string {
  const { base, minModels, maxModels } = method.inputs;
  const range = minModels === maxModels ? `${minModels}` : `${minModels} to ${maxModels ?? 'any'}`;
  return row([
    linked(method.id, header),
    method.paper,
    base,
    maxModels === undefined ? `${minModels}+` : range,
    cases.length === 0 ? '–' : `${cases.filter(passes).length} of ${cases.length}`,
    header.checked || '–',
    header.deviations || 'None.',
    header.inMergekitMode || '–',
  ]);
}

const otherRow = (method: Method, header: MethodHeader): string =>
  row([linked(method.id, header), method.paper, header.checked || '–', header.deviations || 'None.']);
