import {
  type TensorInfo,
  architecturesOf,
  findTensor,
  isEmbedding,
  isOutputLayer,
  isStoredBuffer,
  matchModules,
  modulePattern,
  storesTransposed,
} from '@eigenloom/checkpoint';
import type { merge } from '@eigenloom/contracts';
import { incompatible, invalidInput, limitExceeded } from '@eigenloom/errors';
import { isFloat } from '@eigenloom/numeric';
import type { RequestContext } from '@eigenloom/runtime';

import { checkAdapterOutput } from '../adapters/check-output.js';
import type { ParametersOf } from '../methods/method.js';
import { familyProblems, refuseProblems } from '../plan/find-problems.js';
import { checkInputs, openRef } from '../plan/plan-recipe.js';
import type { PlannedInput } from '../plan/planned.js';
import { extractRules, mostRank } from './method.js';
import type { ExtractPlan, ExtractTarget, TensorPair } from './planned.js';

const SUFFIX = '.weight';
/** Elements of the largest matrix that is decomposed: 0.5 GB in f32, and there are three of that size. */
const MAX_ELEMENTS = 2 ** 27;

/**
 * Plans an extraction; headers are read. Errors: InvalidInput with the field; `INCOMPATIBLE_MODELS`; `MATRIX_TOO_LARGE`; those of the
 * files.
 */
export async function planExtract(
  request: merge.MergeRequest,
  parameters: ParametersOf<'extractAdapter'>,
  context: RequestContext,
): Promise<ExtractPlan> {
  checkInputs(request, extractRules(parameters));
  checkAdapterOutput(request);
  const model = await openRef(request.models[0]?.model, 'models[0].model', 'models[0]', context);
  const base = await openRef(request.base, 'base', 'base', context);
  refuseProblems(familyProblems([base, model]), new Map(), [base, model]);
  const pairs = pairTensors(model, base);
  const modules = targetModules(pairs, parameters);
  const fanInFanOut = storesTransposed(model.model.config);
  const targets: ExtractTarget[] = [];
  const biases: TensorPair[] = [];
  const others: TensorPair[] = [];
  for (const pair of pairs) {
    const at = pair.name.lastIndexOf('.');
    const [path, leaf] = [pair.name.slice(0, at), pair.name.slice(at)];
    if (!modules.has(path)) others.push(pair);
    else if (leaf === SUFFIX) targets.push(targetOf(path, pair, parameters, fanInFanOut));
    else biases.push(pair);
  }
  const taskType = taskTypeOf(architecturesOf(model.model.config));
  return { parameters, seed: request.seed, model, base, targets, biases, others, fanInFanOut, taskType };
}

/** Every floating-point tensor of the fine-tuned model but buffers. Integers must be the base's, if it has them. */
function pairTensors({ model, label }: PlannedInput, base: PlannedInput): TensorPair[] {
  const pairs: TensorPair[] = [];
  for (const [name, tensor] of model.tensors) {
    if (isStoredBuffer(tensor)) continue;
    const found = findTensor(name, base.model.tensors);
    if (found !== undefined) checkShapes(name, tensor, found, label);
    if (!isFloat(tensor.dtype)) continue;
    const reference = found === undefined ? undefined : base.model.source(found.name);
    pairs.push({ name, shape: tensor.shape, tuned: model.source(name), base: reference });
  }
  return pairs;
}

function checkShapes(name: string, tuned: TensorInfo, base: TensorInfo, label: string): void {
  if (tuned.shape.join() === base.shape.join() && isFloat(tuned.dtype) === isFloat(base.dtype)) return;
  const kind = ({ dtype, shape }: TensorInfo): string => `${dtype} [${shape.join(', ')}]`;
  throw incompatible(
    'INCOMPATIBLE_MODELS',
    `tensor ${JSON.stringify(name)} is ${kind(tuned)} in ${label} and ${kind(base)} in base`,
    { details: { tensor: name } },
  );
}

/** Modules to decompose. Errors: `PATTERN_MATCHES_NOTHING`, `TARGET_NOT_A_MATRIX`. */
function targetModules(
  pairs: readonly TensorPair[],
  { targetModules: patterns, modulesToSave }: ParametersOf<'extractAdapter'>,
): Set<string> {
  const inBoth = pairs.filter(({ name, base }) => base !== undefined && name.endsWith(SUFFIX));
  const shapes = new Map(inBoth.map(({ name, shape }) => [name.slice(0, -SUFFIX.length), shape]));
  const saved = modulesToSave.map((pattern, i) =>
    modulePattern(pattern, `extract_adapter.modules_to_save[${i}]`),
  );
  const named = patterns.length > 0;
  const wanted = named
    ? matchModules(shapes.keys(), patterns, 'extract_adapter.target_modules')
    : [...shapes.keys()].filter(
        (path) => shapes.get(path)?.length === 2 && !isEmbedding(path) && !isOutputLayer(path),
      );
  for (const path of wanted) {
    if ((shapes.get(path)?.length ?? 0) >= 2) continue;
    throw invalidInput(
      'TARGET_NOT_A_MATRIX',
      'extract_adapter.target_modules',
      `${JSON.stringify(path)} is a vector`,
    );
  }
  return new Set(wanted.filter((path) => !saved.some((expression) => expression.test(path))));
}

function targetOf(
  module: string,
  pair: TensorPair,
  parameters: ParametersOf<'extractAdapter'>,
  fanInFanOut: boolean,
): ExtractTarget {
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
  const transposed = kind === 'embedding' || fanInFanOut;
  return { ...pair, module, kind, rows, columns, transposed, most: mostRank(parameters, rows, columns) };
}

function taskTypeOf(architectures: readonly string[]): string {
  const [name = ''] = architectures;
  if (name.endsWith('ForCausalLM')) return 'CAUSAL_LM';
  if (name.endsWith('ForSequenceClassification')) return 'SEQ_CLS';
  if (name.endsWith('ForConditionalGeneration')) return 'SEQ_2_SEQ_LM';
  if (name.endsWith('ForTokenClassification')) return 'TOKEN_CLS';
  return '';
}
