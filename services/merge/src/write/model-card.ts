import { mapUris, merge } from '@eigenloom/contracts';
import { type JsonObject, sortedJson } from '@eigenloom/checkpoint';
import type { Lineage } from '@eigenloom/runtime';

import type { InterferenceReport } from '../interference/interference-report.js';
import { copiedNotes } from '../plan/notes.js';
import type { MergePlan, ReadInput } from '../plan/planned.js';
import type { Preparation } from '../plan/preparation.js';
import type { Changes } from '../run/changes.js';
import { contentIdOf } from '../run/lineage.js';

/** Enough of a content id to tell inputs apart at sight. */
const SHOWN_ID = 'sha256:'.length + 12;
const SENDING = ['requestId', 'validateOnly', 'outputUri'];

/** What a card tells of. */
export interface CardFacts {
  readonly request: merge.MergeRequest;
  readonly plan: MergePlan;
  readonly inputs: readonly ReadInput[];
  readonly lineage: Lineage;
  readonly changes: Changes;
  readonly prepared: Preparation | undefined;
  readonly interference?: InterferenceReport | undefined;
}

/**
 * README.md of a merged model: what it is made of, what changed, and the recipe to make it again. Inputs are named by their content:
 * the card is part of the artifact, whose digest must not depend on where a merge ran. `manifest.json` has the URIs.
 */
export function modelCard(facts: CardFacts): string {
  const { plan, inputs, changes, prepared, interference } = facts;
  const { method } = plan;
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
    ...modelTable(facts),
    changesLine(plan, changes),
    ...(prepared?.lines ?? []).flatMap((line) => ['', line]),
    ...(interference === undefined ? [] : ['', interferenceLine(interference)]),
    ...(plan.leftOut.length === 0 ? [] : ['', leftOutLine(plan.leftOut)]),
    ...ignoredLines(inputs),
    ...[...copiedNotes(plan), ...plan.notes].flatMap((note) => ['', `${note}.`]),
    '',
    ...recipeSection(facts),
    '',
  ].join('\n');
}

function changesLine({ computed }: MergePlan, changes: Changes): string {
  const { changedTensors, tensors, deltaNorm, referenceNorm } = changes;
  if (computed !== undefined) return `${tensors} tensors are copied, ${computed.size} were computed.`;
  return `${changedTensors} of ${tensors} tensors changed; ‖Δ‖ = ${deltaNorm.toPrecision(6)} against ‖reference‖ = ${referenceNorm.toPrecision(6)}.`;
}

type RecipeFacts = Pick<CardFacts, 'request' | 'inputs' | 'lineage'>;

/** The request with its inputs named by their content. */
const namedByContent = ({ request, inputs, lineage }: RecipeFacts): merge.MergeRequest =>
  mapUris(request, ['output_uri'], (_uri, field) => contentIdOf(field, lineage, inputs));

/** The part of a card that says how to make the result again. */
export const recipeSection = (facts: RecipeFacts): string[] => [
  '## Recipe',
  '',
  'Inputs are named by the SHA-256 of their files; `manifest.json` has each file and the URIs it was read from.',
  '',
  ...recipeLines(namedByContent(facts)),
];

/** A configuration of mergekit is shown as it is written, with what else the request says before it. */
function recipeLines(recipe: merge.MergeRequest): string[] {
  const { mergekit, ...others } = recipeOf(recipe);
  const json = ['```json', sortedJson(others).trimEnd(), '```'];
  if (recipe.mergekit === undefined) return json;
  return [
    ...(mergekit === undefined || Object.keys(others).length === 0 ? [] : [...json, '']),
    '```yaml',
    recipe.mergekit.config.trimEnd(),
    '```',
  ];
}

/** The models with their weights. Empty where the weights stand in the configuration, which may give every tensor its own. */
export function modelTable(facts: RecipeFacts): string[] {
  const { models } = namedByContent(facts);
  return models.length === 0
    ? []
    : ['| model | weight | density |', '|---|---|---|', ...models.map(modelRow), ''];
}

function modelRow(input: merge.MergeInput): string {
  const refs = [input.model?.uri ?? '', ...(input.model?.adapters ?? [])];
  const cell = refs.map((id) => `\`${id.slice(0, SHOWN_ID)}\``).join(' + ');
  return `| ${cell} | ${input.weight ?? 1} | ${input.density ?? ''} |`;
}

function interferenceLine(found: InterferenceReport): string {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const { conflictShare, supportConflictShare, supportOverlap, meanCosine } = found;
  return [
    `Interference of the task vectors over ${found.tensors} tensors: signs conflict in ${percent(conflictShare)} of what changed`,
    `and in ${percent(supportConflictShare)} of the largest elements, whose positions overlap by ${percent(supportOverlap)};`,
    `mean cosine ${meanCosine.toFixed(3)}. Singular values of the merged task vector over those of one model (${found.matrices} matrices):`,
    `largest ×${found.topInflation.toFixed(3)}, sum ×${found.nuclearInflation.toFixed(3)}. Per tensor: \`interference.json\`.`,
  ].join(' ');
}

const leftOutLine = (names: readonly string[]): string =>
  `Left out, because the base does not have them: ${names
    .slice(0, 20)
    .map((name) => `\`${name}\``)
    .join(', ')}${names.length > 20 ? ` and ${names.length - 20} more` : ''}.`;

function ignoredLines(inputs: readonly ReadInput[]): string[] {
  const ignored = new Set(inputs.flatMap(({ ignored: keys }) => keys));
  return ignored.size === 0
    ? []
    : ['', `Ignored, because it would run code: ${[...ignored].sort().join(', ')}.`];
}

/** The request without what only says how it was sent and where the result went. */
export function recipeOf(request: merge.MergeRequest): JsonObject {
  const json = merge.MergeRequest.toJSON(request) as Record<string, unknown>;
  return Object.fromEntries(Object.entries(json).filter(([key]) => !SENDING.includes(key)));
}
