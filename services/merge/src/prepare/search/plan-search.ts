import type { common, merge } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';

import { pathsOf } from '../../plan/model-paths.js';
import type { MergePlan, PlannedInput } from '../../plan/planned.js';
import type { DataField, Preparer } from '../../plan/preparation.js';
import { checkGivenLength, defaultTextLength } from '../statistics/text-length.js';
import { enoughBytes } from './model-cache.js';
import type { SearchData, SearchInput, SearchTask } from './search-input.js';
import type { SearchSettings } from './search-settings.js';

/** What all searches say of their size. */
type Sizes = Pick<SearchSettings, 'batchSize' | 'maxLength' | 'memoryBytes'>;

/** Data of the models' own tasks, as a request names them. */
export const taskDataFields = ({ models }: Pick<merge.MergeRequest, 'models'>): DataField[] =>
  models.flatMap(({ data }, i) =>
    data === undefined || data.uri === ''
      ? []
      : [{ field: `models[${i}].data`, role: `data/${i}`, uri: data.uri, examples: data }],
  );

/** Errors: `FIELD_MISSING`. */
export function requireTaskData({ models }: Pick<merge.MergeRequest, 'models'>, method: string): void {
  const without = models.findIndex(({ data }) => data === undefined || data.uri === '');
  if (without >= 0) {
    throw invalidInput('FIELD_MISSING', `models[${without}].data`, `${method} needs the model's own task`);
  }
}

/** A data set where it lies. */
export const searchData = (
  field: string,
  role: string,
  ref: common.DatasetRef | undefined,
  paths: ReadonlyMap<string, string>,
): SearchData => ({
  path: paths.get(role) ?? '',
  textField: ref?.textField ?? 'text',
  labelField: ref?.labelField ?? 'label',
  limit: ref?.limit ?? 0,
  field,
});

/** Held-out examples of a soup, as a request names them. */
export const soupDataFields = (method: string, examples: common.DatasetRef): DataField[] => [
  { field: `${method}.data`, role: 'data', uri: examples.uri, examples },
];

/** A search over a soup: one task, with the head that the models share. */
export function soupInput(
  method: string,
  plan: MergePlan,
  ref: common.DatasetRef,
  sizes: Sizes,
  paths: ReadonlyMap<string, string>,
): SearchInput {
  const data = searchData(`${method}.data`, 'data', ref, paths);
  const tasks = [{ model: 0, head: pathsOf(referenceOf(plan, false)), data, sign: 1 as const }];
  return searchInput(plan, { ...sizes, tasks, fromBase: false, requireLabels: true });
}

/** The tasks of the models that have data. */
export function searchTasks(
  plan: MergePlan,
  request: Pick<merge.MergeRequest, 'models'>,
  paths: ReadonlyMap<string, string>,
): SearchTask[] {
  return taskDataFields(request).map(({ field, role }) => {
    const model = Number(role.slice('data/'.length));
    const head = plan.models[model] ?? referenceOf(plan, true);
    return {
      model,
      head: pathsOf(head),
      data: searchData(field, role, request.models[model]?.data, paths),
      sign: 1,
    };
  });
}

export interface PlanSearchOptions extends Sizes {
  readonly tasks: readonly SearchTask[];
  /** Task vectors are taken from the base; otherwise from the first model. */
  readonly fromBase: boolean;
  readonly requireLabels: boolean;
  /** Positions of the models that get coefficients. Default: all. */
  readonly positions?: readonly number[];
}

/** A search over the floating-point tensors of a plan. */
export function searchInput(plan: MergePlan, options: PlanSearchOptions): SearchInput {
  const { tasks, fromBase, requireLabels, batchSize, maxLength, memoryBytes } = options;
  const positions = options.positions ?? plan.models.map((_, i) => i);
  const donor = referenceOf(plan, true);
  return {
    reference: pathsOf(referenceOf(plan, fromBase)),
    models: positions.flatMap((i) => plan.models[i] ?? []).map(pathsOf),
    tensors: plan.tensors
      .filter(({ merged }) => merged)
      .map(({ name, shape, base, sources }) => ({
        name,
        shape,
        reference: ((fromBase ? base : undefined) ?? sources[0])?.tensor.name ?? name,
        models: positions.map((i) => sources[i]?.tensor.name ?? name),
      })),
    tokenizerFolder: plan.donor.directory,
    tokenizerPlace: { field: donor.label },
    tasks,
    requireLabels,
    batchSize,
    maxLength: maxLength ?? defaultTextLength(referenceOf(plan, fromBase)),
    memoryBytes,
    seed: plan.seed,
  };
}

/** Bytes that a search keeps in memory, at most. */
export function searchMemory(
  { tensors, models }: Pick<MergePlan, 'tensors' | 'models'>,
  { memoryBytes }: Pick<Sizes, 'memoryBytes'>,
  workingBytes?: number,
): number {
  const merged = tensors.filter((tensor) => tensor.merged);
  return Math.min(memoryBytes, enoughBytes(merged, models.length, workingBytes));
}

function referenceOf({ base, models }: MergePlan, fromBase: boolean): PlannedInput {
  const reference = (fromBase ? base : undefined) ?? models[0];
  if (reference === undefined) throw invalidInput('FIELD_MISSING', 'models', 'which models?');
  return reference;
}

/** What every preparer that searches checks of a plan, and the memory that it takes. `method` is where the request has the settings. */
export const searchLimits = (
  settings: SearchSettings,
  method: string,
  workingBytes?: number,
): Required<Pick<Preparer, 'check' | 'memory'>> => ({
  check: (plan) => {
    checkGivenLength(settings.maxLength, `${method}.batching.max_length`, plan);
  },
  memory: (plan) => searchMemory(plan, settings, workingBytes),
});
