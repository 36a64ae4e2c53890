import { merge } from '@eigenloom/contracts';
import { type JsonObject, sortedJson } from '@eigenloom/checkpoint';
import type { MergeReport } from '@eigenloom/numeric';
import { type Lineage, mapInputUris } from '@eigenloom/runtime';

import type { MergePlan } from '../plan/merge-plan.js';
import type { SoupChoice } from '../soup/greedy-search.js';
import { contentIdOf } from './lineage.js';

/** Enough of a content id to tell inputs apart at sight. */
const SHOWN_ID = 'sha256:'.length + 12;
const SENDING = ['requestId', 'validateOnly', 'outputUri'];

/**
 * README.md of a merged model: what it is made of, what changed, and the recipe to make it again. Inputs are named by their content:
 * the card is part of the artifact, whose digest must not depend on where a merge ran. `manifest.json` has the URIs.
 */
export function modelCard(
  request: merge.MergeRequest,
  plan: MergePlan,
  lineage: Lineage,
  report: MergeReport,
  choice: SoupChoice | undefined,
): string {
  const { method } = plan;
  const recipe = mapInputUris(request, ['output_uri'], (_uri, field) => contentIdOf(field, lineage));
  return [
    '---',
    'library_name: transformers',
    'tags: [eigenloom, merge]',
    '---',
    '',
    '# Merged model',
    '',
    `${method.summary} (\`${method.id}\`, ${method.paper}).`,
    '',
    '| model | weight | density |',
    '|---|---|---|',
    ...recipe.models.map(modelRow),
    '',
    `${report.changedTensors} of ${report.tensors} tensors changed; ‖Δ‖ = ${report.deltaNorm.toPrecision(6)} against ‖reference‖ = ${report.referenceNorm.toPrecision(6)}.`,
    ...(choice === undefined ? [] : ['', ...soupLines(choice)]),
    ...(plan.leftOut.length === 0 ? [] : ['', leftOutLine(plan.leftOut)]),
    ...ignoredLines(plan),
    '',
    '## Recipe',
    '',
    'Inputs are named by the SHA-256 of their files; `manifest.json` has each file and the URIs it was read from.',
    '',
    '```json',
    sortedJson(recipeOf(recipe)).trimEnd(),
    '```',
    '',
  ].join('\n');
}

function modelRow(input: merge.MergeInput): string {
  const refs = [input.model?.uri ?? '', ...(input.model?.adapters ?? [])];
  const cell = refs.map((id) => `\`${id.slice(0, SHOWN_ID)}\``).join(' + ');
  return `| ${cell} | ${input.weight ?? 1} | ${input.density ?? ''} |`;
}

function soupLines({ kept, accuracies, soupAccuracy }: SoupChoice): string[] {
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  return [
    `Kept models, in order of acceptance: ${kept.join(', ')} (positions from 0). Held-out accuracy of each alone: ${accuracies.map(percent).join(', ')}; of the soup: ${percent(soupAccuracy)}.`,
  ];
}

const leftOutLine = (names: readonly string[]): string =>
  `Left out, because the base does not have them: ${names
    .slice(0, 20)
    .map((name) => `\`${name}\``)
    .join(', ')}${names.length > 20 ? ` and ${names.length - 20} more` : ''}.`;

function ignoredLines({ models, base }: MergePlan): string[] {
  const ignored = new Set([...(base?.model.ignored ?? []), ...models.flatMap(({ model }) => model.ignored)]);
  return ignored.size === 0
    ? []
    : ['', `Ignored, because it would run code: ${[...ignored].sort().join(', ')}.`];
}

/** The request without what only says how it was sent and where the result went. */
export function recipeOf(request: merge.MergeRequest): JsonObject {
  const json = merge.MergeRequest.toJSON(request) as Record<string, unknown>;
  return Object.fromEntries(Object.entries(json).filter(([key]) => !SENDING.includes(key)));
}
