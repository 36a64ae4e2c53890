import {
  type TensorInfo,
  type TiedEmbeddings,
  architecturesOf,
  findTensor,
  isEmbedding,
  isOutputLayer,
  isStoredBuffer,
  linearModules,
  modulePattern,
  notLinear,
  selectTargets,
  storesTransposed,
  tiedEmbeddingsOf,
  untiedView,
} from '@eigenloom/checkpoint';
import type { merge } from '@eigenloom/contracts';
import { incompatible, invalidInput, limitExceeded } from '@eigenloom/errors';
import { isFloat } from '@eigenloom/numeric';
import type { RequestContext } from '@eigenloom/runtime';

import { checkAdapterOutput } from '../adapters/plan/check-output.js';
import { agreeOnHeads } from '../plan/agree-on-heads.js';
import type { Extraction } from '../methods/extract-adapter.js';
import { familyProblems, refuseProblems } from '../plan/find-problems.js';
import { checkInputs } from '../plan/check-inputs.js';
import { openRef } from '../plan/open-ref.js';
import type { PlannedInput } from '../plan/planned.js';
import type { ExtractPlan, ExtractTarget, TensorPair } from './planned.js';

const SUFFIX = '.weight';
/** Elements of the largest matrix that is decomposed: 0.5 GB in f32, and there are three of that size. */
const MAX_ELEMENTS = 2 ** 27;
const DEFAULT_RANK = 128;

/**
 * Plans an extraction; headers are read. Errors: InvalidInput with the field; `INCOMPATIBLE_MODELS`; `MATRIX_TOO_LARGE`; those of the
 * files.
 */
export async function planExtract(
  request: merge.MergeRequest,
  method: Extraction,
  context: RequestContext,
): Promise<ExtractPlan> {
  const { parameters } = method;
  checkInputs(request, method);
  checkAdapterOutput(request);
  const opened = await openRef(request.models[0]?.model, 'models[0].model', 'models[0]', context);
  const reference = await openRef(request.base, 'base', 'base', context);
  const [base = reference, model = opened] = withHeads(opened, reference);
  const tied = tiedIn(opened, reference);
  const pairs = pairTensors(model, base);
  const modules = targetModules(pairs, parameters);
  if (tied !== undefined && modules.has(moduleOf(tied.embeddings))) modules.add(moduleOf(tied.head));
  const likeOf = (path: string): string =>
    tied !== undefined && path === moduleOf(tied.head) ? moduleOf(tied.embeddings) : path;
  const targets: ExtractTarget[] = [];
  const biases: TensorPair[] = [];
  const others: TensorPair[] = [];
  for (const pair of pairs) {
    const path = moduleOf(pair.name);
    if (!modules.has(path)) others.push(pair);
    else if (pair.name.endsWith(SUFFIX)) {
      const transposed = isEmbedding(path) || storesTransposed(model.model.config, path) === true;
      targets.push({ ...targetOf(path, pair, parameters, transposed), like: likeOf(path) });
    } else biases.push(pair);
  }
  const taskType = taskTypeOf(architecturesOf(model.model.config));
  return { parameters, seed: request.seed, model, base, targets, biases, others, taskType };
}

const moduleOf = (tensor: string): string => tensor.slice(0, Math.max(0, tensor.lastIndexOf('.')));

/**
 * Names of the weight that is embeddings and head in both models. An adapter has both, for PEFT makes two of them when it loads a pair or a
 * copy of one.
 */
function tiedIn(model: PlannedInput, base: PlannedInput): TiedEmbeddings | undefined {
  const [x, y] = [model.model, base.model].map(({ config, tensors }) => tiedEmbeddingsOf(config, tensors));
  return x !== undefined && x.embeddings === y?.embeddings && x.head === y.head ? x : undefined;
}

/** The two models with the same tensors. Errors: `INCOMPATIBLE_MODELS`. */
function withHeads(model: PlannedInput, base: PlannedInput): readonly PlannedInput[] {
  const agreed = agreeOnHeads([base, model]);
  refuseProblems(familyProblems(agreed), new Map(), agreed);
  return agreed.map((input) => ({ ...input, model: untiedView(input.model) }));
}

/** Every floating-point tensor of the fine-tuned model but buffers. Integers must be the base's, if it has them. */
function pairTensors(input: PlannedInput, base: PlannedInput): TensorPair[] {
  const { model, label } = input;
  const pairs: TensorPair[] = [];
  for (const [name, tensor] of model.tensors) {
    if (isStoredBuffer(tensor)) continue;
    const found = findTensor(name, base.model.tensors);
    if (found !== undefined) checkShapes(name, tensor, found, label);
    if (!isFloat(tensor.dtype)) continue;
    const reference = found === undefined ? undefined : { input: base, tensor: found };
    pairs.push({ name, shape: tensor.shape, tuned: { input, tensor }, base: reference });
  }
  return pairs;
}

function checkShapes(name: string, tuned: TensorInfo, base: TensorInfo, label: string): void {
  if (tuned.shape.join() === base.shape.join() && isFloat(tuned.dtype) === isFloat(base.dtype)) return;
  const kind = ({ dtype, shape }: TensorInfo): string => `${dtype} [${shape.join(', ')}]`;
  const vocabulary = isEmbedding(moduleOf(name)) || isOutputLayer(moduleOf(name));
  const todo =
    vocabulary && tuned.shape[1] === base.shape[1]
      ? '; bring both to one vocabulary first, by a mergekit configuration with tokenizer_source'
      : '';
  throw incompatible(
    'INCOMPATIBLE_MODELS',
    `tensor ${JSON.stringify(name)} is ${kind(tuned)} in ${label} and ${kind(base)} in base${todo}`,
    { details: { tensor: name } },
  );
}

/** Modules to decompose. Errors: `PATTERN_MATCHES_NOTHING`, `TARGET_NOT_A_MATRIX`. */
function targetModules(
  pairs: readonly TensorPair[],
  { targetModules: patterns, modulesToSave }: merge.ExtractAdapter,
): Set<string> {
  const inBoth = new Map(
    pairs.flatMap((pair) => (pair.base === undefined ? [] : [[pair.name, pair] as const])),
  );
  const shapeOf = (path: string): readonly number[] => inBoth.get(path + SUFFIX)?.shape ?? [];
  const saved = modulesToSave.map((pattern, i) =>
    modulePattern(pattern, `extract_adapter.modules_to_save[${i}]`),
  );
  const field = 'extract_adapter.target_modules';
  const wanted =
    patterns.length > 0 ? selectTargets(inBoth, patterns, { field, inFull: [] }) : linearModules(inBoth);
  for (const path of wanted) {
    const shape = shapeOf(path);
    if (shape.length >= 2) continue;
    throw invalidInput(
      'TARGET_NOT_A_MATRIX',
      field,
      `${JSON.stringify(path)} ${notLinear(path, shape) ?? ''}`,
    );
  }
  return new Set(wanted.filter((path) => !saved.some((expression) => expression.test(path))));
}

function targetOf(
  module: string,
  pair: TensorPair,
  parameters: merge.ExtractAdapter,
  transposed: boolean,
): Omit<ExtractTarget, 'like'> {
  const rows = pair.shape[0] ?? 1;
  const columns = pair.shape.slice(1).reduce((product, size) => product * size, 1);
  if (rows * columns > MAX_ELEMENTS) {
    throw limitExceeded(
      'MATRIX_TOO_LARGE',
      `${module} has ${rows * columns} elements, more than ${MAX_ELEMENTS}; keep it in full by modules_to_save`,
      { retryable: false, details: { module } },
    );
  }
  const kind = isEmbedding(module) ? 'embedding' : 'linear';
  return { ...pair, module, kind, rows, columns, transposed, most: mostRank(parameters, rows, columns) };
}

/** Largest rank that a request allows in a matrix. */
function mostRank({ rank, energy, epsilon }: merge.ExtractAdapter, rows: number, columns: number): number {
  const wanted = rank ?? (energy === undefined && epsilon === undefined ? DEFAULT_RANK : Infinity);
  return Math.min(wanted, rows, columns);
}

function taskTypeOf(architectures: readonly string[]): string {
  const [name = ''] = architectures;
  if (name.endsWith('ForCausalLM')) return 'CAUSAL_LM';
  if (name.endsWith('ForSequenceClassification')) return 'SEQ_CLS';
  if (name.endsWith('ForConditionalGeneration')) return 'SEQ_2_SEQ_LM';
  if (name.endsWith('ForTokenClassification')) return 'TOKEN_CLS';
  return '';
}
