import {
  type Model,
  type TensorInfo,
  isEmbedding,
  matchModules,
  storesTransposed,
} from '@eigenloom/checkpoint';
import { invalidInput } from '@eigenloom/errors';
import { isFloat } from '@eigenloom/numeric';
import type { Target } from './methods/method.js';

const SUFFIX = '.weight';

/** The modules that get an adapter, in the model's order. Errors name the field and the module. */
export function findTargets(model: Model, patterns: readonly string[], rank: number): Target[] {
  if (patterns.length === 0) {
    throw invalidInput('FIELD_MISSING', 'target_modules', 'which modules get an adapter?');
  }
  if (storesTransposed(model.config)) {
    throw invalidInput(
      'UNSUPPORTED_ARCHITECTURE',
      'model',
      `the weights of ${String(model.config['model_type'])} are stored transposed`,
    );
  }
  const names = [...model.tensors.keys()].filter((name) => name.endsWith(SUFFIX));
  const modules = names.map((name) => name.slice(0, -SUFFIX.length));
  return matchModules(modules, patterns).map((path) =>
    targetOf(path, model.tensors.get(path + SUFFIX), rank),
  );
}

function targetOf(path: string, info: TensorInfo | undefined, rank: number): Target {
  const refuse = (reason: string, why: string): Error =>
    invalidInput(reason, 'target_modules', `${JSON.stringify(path)} ${why}`);
  if (info === undefined) throw refuse('UNKNOWN_TENSOR', 'has no weight');
  const [rows = 0, columns = 0] = info.shape;
  if (info.shape.length !== 2 || rows === 0 || columns === 0) {
    throw refuse('TARGET_NOT_A_MATRIX', `has a weight of shape [${info.shape.join(', ')}], not a matrix`);
  }
  if (isEmbedding(path)) throw refuse('TARGET_NOT_LINEAR', 'is an embedding, not a linear module');
  if (!isFloat(info.dtype)) {
    throw refuse('UNSUPPORTED_DTYPE', `is stored as ${info.dtype}, not as floating-point numbers`);
  }
  if (rank > Math.min(rows, columns)) {
    throw invalidInput(
      'OUT_OF_RANGE',
      'rank',
      `${rank} is above the smaller side of ${path} (${rows}x${columns})`,
    );
  }
  return { path, tensor: info.name, rows, columns };
}
