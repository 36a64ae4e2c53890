import {
  type Model,
  type TensorInfo,
  architecturesOf,
  notLinear,
  selectTargets,
  storesTransposed,
  taskHeads,
} from '@eigenloom/checkpoint';
import { invalidInput } from '@eigenloom/errors';
import { isFloat } from '@eigenloom/numeric';
import type { Target } from './start.js';

const FIELD = 'target_modules';

/** What a request says of modules, beside the rank. */
export interface TargetRequest {
  readonly targetModules: readonly string[];
  readonly modulesToSave: readonly string[];
  readonly taskType: string;
}

/** Every module that an adapter of any kind can be added to: `all`. */
export const allModules = (patterns: readonly string[]): boolean =>
  patterns.length === 1 && patterns[0] === 'all';

/** The modules that get an adapter, in the model's order. Errors name the field and the module. */
export function findTargets(model: Model, request: TargetRequest, rank: number, adapter: string): Target[] {
  const { targetModules, modulesToSave, taskType } = request;
  if (targetModules.length === 0) {
    throw invalidInput(
      'FIELD_MISSING',
      FIELD,
      'which modules get an adapter? "all-linear" means every linear one',
    );
  }
  const inFull = [...modulesToSave, ...taskHeads(taskOf(model, taskType))];
  const paths = selectTargets(model.tensors, targetModules, { field: FIELD, inFull });
  if (paths.length === 0) {
    throw invalidInput(
      'PATTERN_MATCHES_NOTHING',
      FIELD,
      `means no module but those trained in full (${inFull.join(', ')})`,
    );
  }
  return paths.map((path) => targetOf(path, model, rank, adapter));
}

/** PEFT trains the head of a classifier in full; the model's class says that it is one where the request does not. */
function taskOf(model: Model, taskType: string): string {
  if (taskType !== '') return taskType;
  const [name = ''] = architecturesOf(model.config);
  return /For(?:Sequence|Image)Classification$/.test(name) ? 'SEQ_CLS' : '';
}

function targetOf(path: string, model: Model, rank: number, adapter: string): Target {
  const refuse = (reason: string, why: string): Error =>
    invalidInput(reason, FIELD, `${JSON.stringify(path)} ${why}`);
  const info: TensorInfo | undefined = model.tensors.get(`${path}.weight`);
  if (info === undefined) throw refuse('UNKNOWN_TENSOR', 'has no weight');
  const why = notLinear(path, info.shape);
  if (why !== undefined) {
    throw refuse(info.shape.length === 2 ? 'TARGET_NOT_LINEAR' : 'TARGET_NOT_A_MATRIX', why);
  }
  if (!isFloat(info.dtype)) {
    throw refuse('UNSUPPORTED_DTYPE', `is stored as ${info.dtype}, not as floating-point numbers`);
  }
  const transposed = storesTransposed(model.config, path) === true;
  const [first = 0, second = 0] = info.shape;
  const [rows, columns] = transposed ? [second, first] : [first, second];
  if (rank > Math.min(rows, columns)) {
    throw invalidInput(
      'OUT_OF_RANGE',
      `${adapter}.rank`,
      `${rank} is above the smaller side of ${path} (${rows}x${columns})`,
    );
  }
  return { path, tensor: info.name, rows, columns, transposed };
}
