import { AppError, invalidInput } from '@eigenloom/errors';
import type { merge } from '@eigenloom/contracts';
import { isFloat } from '@eigenloom/numeric';
import type { RequestContext } from '@eigenloom/runtime';

import { DEFINITIONS, type ModelChoice, modelMethodOf } from '../methods/index.js';
import { familyProblems, refuseProblems } from '../plan/find-problems.js';
import { bufferNotes, inputNotes } from '../plan/notes.js';
import type { MergePlan, PlannedTensor } from '../plan/planned.js';
import type { TensorMethod } from '../steps/tensor-method.js';
import { shardsOf } from '../plan/shards-of.js';
import type { StageResult } from '../plan/stages.js';
import { planChatTemplate } from './chat-template.js';
import type { MergekitDocument } from './document.js';
import type { Inputs, MergekitInput } from './inputs.js';
import type { Located } from './located.js';
import { type Module, modulesOf } from './modules.js';
import { type Resolved, type ResolvedTensor, Resolver } from './resolve.js';
import type { Rearranged } from './rearranged.js';
import { resultConfig } from './result-config.js';
import { stackProblems } from './stacked-layers.js';
import { type PlannedTokenizer, planTokenizer } from './tokenizer.js';
import { firstReference } from './references.js';

/** What a document says, with its models open and its tensors laid out. */
export interface ResolvedDocument extends Resolved {
  readonly donor: MergekitInput;
  readonly base: MergekitInput | undefined;
  /** All models, in the order in which the document names them. */
  readonly models: readonly MergekitInput[];
  readonly modules: readonly Module[];
}

/** Opens the models of a document and lays out its result. Errors: InvalidInput naming the place; `INCOMPATIBLE_MODELS`. */
export async function resolveDocument(
  document: MergekitDocument,
  mode: MergePlan['mode'],
  inputs: Inputs,
  results: ReadonlyMap<string, StageResult>,
  rearrange: Rearrange = () => Promise.resolve(undefined),
): Promise<ResolvedDocument> {
  const opened = new Set<MergekitInput>();
  const open = async (reference: Located): Promise<MergekitInput> => {
    const input = await inputs.open(reference, results);
    opened.add(input);
    return input;
  };
  const base = document.base === undefined ? undefined : await open(document.base);
  const donor = base ?? (await open(firstReference(document)));
  const modules = await modulesOf(document, donor, open);
  inputs.agreeOnHeads([...opened]);
  const models = [...opened];
  const view = (await rearrange({ donor, base, models }))?.view ?? ((input): MergekitInput => input);
  const prefixes = donor.anatomy.stacks.map(({ prefix }) => prefix);
  const resolved = new Resolver(document, prefixes, mode, view).resolve(modules);
  const problems = new Map([...stackProblems(resolved.tensors, view(donor)), ...resolved.problems]);
  refuseProblems(familyProblems(models), problems, models);
  return { ...resolved, donor, base: base && view(base), models: models.map(view), modules };
}

/** Puts the embeddings of the models in another order, before their shapes are compared. */
export type Rearrange = (
  opened: Pick<ResolvedDocument, 'donor' | 'base' | 'models'>,
) => Promise<Rearranged | undefined>;

/** What a document's merge needs beside the document. */
export interface DocumentSetting {
  readonly request: merge.MergeRequest;
  readonly mode: MergePlan['mode'];
  readonly inputs: Inputs;
  readonly context: RequestContext;
}

/** The plan of one document. Errors: those of `resolveDocument`; `UNSUPPORTED_TOKENIZER`. */
export async function planDocument(
  document: MergekitDocument,
  results: ReadonlyMap<string, StageResult>,
  { request, mode, inputs, context }: DocumentSetting,
): Promise<MergePlan> {
  let tokenizer: PlannedTokenizer | undefined;
  const resolved = await resolveDocument(document, mode, inputs, results, async ({ donor, base, models }) => {
    tokenizer = await planTokenizer(document, donor, models, { inputs, context, results, base });
    return tokenizer?.rearranged;
  });
  const { files, rearranged, notes = [] } = tokenizer ?? {};
  const { donor, base, models, modules } = resolved;
  const { summary, paper } = DEFINITIONS[document.mapping.case];
  const method = { id: document.mapping.id, summary, paper };
  const wanted = document.outDtype ?? document.dtype;
  const tensors = resolved.tensors.map((tensor) => planned(tensor, document, wanted));
  const config = resultConfig(donor, modules, wanted);
  return {
    ...{ method, mode, base, tensors, rearranged, tokenizer: files },
    seed: request.seed,
    models: models.filter((model) => model !== base),
    shards: shardsOf(tensors, request),
    config: tokenizer?.configOf(config) ?? config,
    donor: donor.model,
    chatTemplate: await planChatTemplate(document, files?.files ?? donor.model.carriedFiles, models),
    copies: copies(document, modules),
    leftOut: resolved.leftOut,
    notes: [...document.notes, ...notes, ...bufferNotes(resolved.buffers), ...inputNotes(models)],
  };
}

/** Passing a model through, folding in an adapter, and choosing layers change no tensor. */
function copies({ mapping }: MergekitDocument, modules: readonly Module[]): boolean {
  const slices = modules.flatMap((module) => module.slices);
  const ofOne = slices.every(({ sources }) => sources.length === 1);
  return mapping.id === 'passthrough' || slices.length > modules.length || ofOne;
}

function planned(
  { name, lead, merged, buffer, sources, origin, method }: ResolvedTensor,
  document: MergekitDocument,
  wanted: MergekitDocument['dtype'],
): PlannedTensor {
  const stored = (origin ?? sources[0])?.tensor.dtype ?? lead.dtype;
  return {
    name,
    shape: lead.shape,
    dtype: merged && isFloat(stored) ? (wanted ?? stored) : stored,
    merged,
    buffer,
    wide: document.dtype === 'F64',
    sources: sources.map(({ source, tensor, parameters }) => ({ input: source.input, tensor, parameters })),
    base: origin === undefined ? undefined : { input: origin.source.input, tensor: origin.tensor },
    method: bound(method, name, sources, document),
  };
}

function bound(
  method: ModelChoice,
  name: string,
  sources: ResolvedTensor['sources'],
  document: MergekitDocument,
): TensorMethod {
  try {
    const made = modelMethodOf(method);
    made.check(sources.map(({ parameters }) => parameters));
    return made;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const why = error.fieldViolations[0]?.description ?? error.message;
    const tensor = JSON.stringify(name.slice(0, 80));
    throw invalidInput(error.reason, `${document.at}.parameters`, `for tensor ${tensor}: ${why}`);
  }
}
