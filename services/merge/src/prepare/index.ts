import type { merge } from '@eigenloom/contracts';
import { opening } from '@eigenloom/checkpoint';
import { invalidInput } from '@eigenloom/errors';
import { checkDataset } from '@eigenloom/datasets';
import type { JobContext, Lineage, RequestContext } from '@eigenloom/runtime';

import { graftPreparer } from '../graft/prepare-graft.js';
import type { MethodCase, ParametersOf } from '../methods/method.js';
import type { MergePlan, ReadInput } from '../plan/planned.js';
import { adaMergingPreparer } from '../search/prepare-ada-merging.js';
import { atlasPreparer } from '../search/prepare-atlas.js';
import { learnedSoupPreparer } from '../search/prepare-learned-soup.js';
import { greedySoupPreparer } from '../soup/choose-soup.js';
import { fisherPreparer } from './fisher.js';
import { checkGivenLength } from '../statistics/text-length.js';
import type { DataField, Given, Preparation, Preparer } from './preparation.js';
import { regmeanPreparer } from './regmean.js';
import { taskMaskPreparer } from './task-mask.js';

/** Of the methods that need one. */
const BY_CASE: { readonly [K in MethodCase]?: Preparer<K> } = {
  greedySoup: greedySoupPreparer,
  learnedSoup: learnedSoupPreparer,
  atlas: atlasPreparer,
  adaMerging: adaMergingPreparer,
  fisher: fisherPreparer,
  regmean: regmeanPreparer,
  graft: graftPreparer,
  taskMask: taskMaskPreparer,
};

/** A preparer with the parameters of a request. */
interface Bound {
  data(request: merge.MergeRequest): readonly DataField[];
  check(plan: MergePlan): void;
  memory(plan: MergePlan): number;
  prepare(
    plan: MergePlan,
    paths: ReadonlyMap<string, string>,
    context: JobContext,
    given: Given,
  ): Promise<Preparation>;
}

type Choice<K extends MethodCase> = {
  readonly [P in K]: { readonly $case: P; readonly value: ParametersOf<P> };
}[K];

function bind<K extends MethodCase>({ $case, value }: Choice<K>): Bound | undefined {
  const preparer: Preparer<K> | undefined = BY_CASE[$case];
  if (preparer === undefined) return undefined;
  return {
    data: (request) => preparer.data(value, request),
    check: (plan) => {
      preparer.check?.(value, plan);
    },
    memory: (plan) => preparer.memory?.(value, plan) ?? 0,
    prepare: (plan, paths, context, given) => preparer.prepare(value, plan, paths, context, given),
  };
}

/** Where the request has the URI: a reference has it inside, a field of its own ends so. */
const uriOf = (field: string): string => (field.endsWith('_uri') ? field : `${field}.uri`);

/** The data that a request's method reads, resolved, by role; empty for most. */
export async function dataOf(
  request: merge.MergeRequest,
  context: RequestContext,
): Promise<readonly ReadInput[]> {
  const fields = request.method === undefined ? [] : (bind(request.method)?.data(request) ?? []);
  refuseUnread(request, new Set(fields.map(({ field }) => field)));
  const inputs: ReadInput[] = [];
  for (const { field, role, ref } of fields) {
    const path = await context.resolve(ref.uri, uriOf(field));
    if ('textField' in ref) {
      const { limit, textField, labelField } = ref;
      const names = { textField: textField || 'text', labelField: labelField || 'label' };
      const { signal } = context;
      await opening({ field: uriOf(field), uri: ref.uri }, () =>
        checkDataset(path, { ...names, limit, signal }),
      );
    }
    const names = new Map([[uriOf(field), role]]);
    inputs.push({ role, fields: names, files: [path], adapters: [], ignored: [] });
  }
  return inputs;
}

/** Throws when the method's preparation can be known to fail. */
export function checkPreparation({ method }: merge.MergeRequest, plan: MergePlan | undefined): void {
  if (method === undefined || plan === undefined) return;
  bind(method)?.check(plan);
  if ('maxLength' in method.value) checkGivenLength(method.value.maxLength, plan);
}

/** Data that would be named in the card and never read. */
function refuseUnread({ models }: merge.MergeRequest, read: ReadonlySet<string>): void {
  for (const [i, { data }] of models.entries()) {
    const field = `models[${i}].data`;
    if (data !== undefined && !read.has(field)) {
      throw invalidInput('FIELD_UNUSED', field, 'the method does not look at the data of this model');
    }
  }
}

/** Bytes of memory that the preparation of a plan takes, at most. */
export const preparationMemory = ({ method }: merge.MergeRequest, plan: MergePlan | undefined): number =>
  method === undefined || plan === undefined ? 0 : (bind(method)?.memory(plan) ?? 0);

/** Runs what the method needs before its tensors can be merged; undefined where it needs nothing. */
export async function prepare(
  request: merge.MergeRequest,
  plan: MergePlan,
  data: readonly ReadInput[],
  context: JobContext,
  lineage: () => Promise<Lineage>,
): Promise<Preparation | undefined> {
  const bound = request.method === undefined ? undefined : bind(request.method);
  if (bound === undefined) return undefined;
  const paths = new Map(data.flatMap(({ role = '', files }) => files.map((path) => [role, path] as const)));
  return bound.prepare(plan, paths, context, { request, lineage });
}
