import { train } from '@eigenloom/contracts';
import type { common } from '@eigenloom/contracts';
import type { BackendName } from '@eigenloom/engine';
import { invalidInput } from '@eigenloom/errors';
import type { Pooling } from '@eigenloom/models';
import { defaultBackend, type RequestContext } from '@eigenloom/runtime';
import type {
  DataPlan,
  MethodPlan,
  ObjectivePlan,
  OptimizerPlan,
  SchedulePlan,
  TrainPlan,
} from './train-plan.js';

const MAX_BATCH_SIZE = 4096;
const MAX_LENGTH = 131_072;
const MAX_STEPS = 100_000_000;
const MAX_WARMUP_STEPS = 10_000_000;

/** Fills in the defaults that the proto states and resolves the URIs. Fails with INVALID_INPUT naming the field. */
export async function resolvePlan(
  request: train.TrainRequest,
  context: RequestContext,
  backend: BackendName = defaultBackend(),
): Promise<TrainPlan> {
  const { model, method } = request;
  if (model === undefined || model.uri === '')
    throw invalidInput('MODEL_MISSING', 'model.uri', 'names no model');
  const resolve = (uri: string, field: string): Promise<string> => context.resolve(uri, field);
  const settings = resolveSettings(request, backend);
  return {
    ...settings,
    modelPath: await resolve(model.uri, 'model.uri'),
    foldedAdapterPaths: await Promise.all(
      model.adapters.map((uri, index) => resolve(uri, `model.adapters[${index}]`)),
    ),
    trainData: await resolveData(request.trainData, 'train_data', resolve),
    validationData:
      request.validationData === undefined
        ? null
        : await resolveData(request.validationData, 'validation_data', resolve),
    method: await resolveMethod(method, resolve),
  };
}

type Resolve = (uri: string, field: string) => Promise<string>;
type Settings = Omit<
  TrainPlan,
  'modelPath' | 'foldedAdapterPaths' | 'trainData' | 'validationData' | 'method'
>;

function resolveSettings(request: train.TrainRequest, backend: BackendName): Settings {
  const settings: Settings = {
    seed: request.seed,
    objective: resolveObjective(request.objective),
    optimizer: resolveOptimizer(request.optimizer, request.method?.$case === 'full' ? 2e-5 : 1e-3),
    schedule: resolveSchedule(request.schedule),
    batchSize: integer('batch_size', request.batchSize, 16, MAX_BATCH_SIZE),
    maxLength: integer('max_length', request.maxLength, 128, MAX_LENGTH),
    maxSteps: integer('max_steps', request.maxSteps, 0, MAX_STEPS),
    epochs: within('epochs', request.epochs === 0 ? 3 : request.epochs, 0, 1e6),
    evalSteps: integer('eval_steps', request.evalSteps, 0, MAX_STEPS),
    earlyStoppingPatience: integer('early_stopping_patience', request.earlyStoppingPatience, 0, MAX_STEPS),
    keepBest: request.keepBest,
    checkpointSteps: integer('checkpoint_steps', request.checkpointSteps, 50, MAX_STEPS),
    backend: resolveBackend(request.backend, backend),
  };
  requireValidation(request);
  return settings;
}

function requireValidation(request: train.TrainRequest): void {
  if (request.validationData !== undefined) return;
  const asking = (
    [
      ['keep_best', request.keepBest],
      ['early_stopping_patience', request.earlyStoppingPatience > 0],
      ['eval_steps', request.evalSteps > 0],
    ] as const
  ).find(([, asked]) => asked);
  if (asking !== undefined) {
    throw invalidInput('VALIDATION_DATA_MISSING', asking[0], 'needs validation_data');
  }
}

async function resolveData(
  data: common.DatasetRef | undefined,
  field: string,
  resolve: Resolve,
): Promise<DataPlan> {
  if (data === undefined || data.uri === '')
    throw invalidInput('DATA_MISSING', `${field}.uri`, 'names no data');
  return {
    path: await resolve(data.uri, `${field}.uri`),
    textField: data.textField === '' ? 'text' : data.textField,
    labelField: data.labelField === '' ? 'label' : data.labelField,
    limit: data.limit,
  };
}

async function resolveMethod(method: train.TrainRequest['method'], resolve: Resolve): Promise<MethodPlan> {
  switch (method?.$case) {
    case 'full':
      return { kind: 'full' };
    case 'lora': {
      const { adapterUri, residualUri, dropout } = method.value;
      if (adapterUri === '') throw invalidInput('ADAPTER_MISSING', 'lora.adapter_uri', 'names no adapter');
      if (!(dropout >= 0 && dropout < 1))
        throw invalidInput('OUT_OF_RANGE', 'lora.dropout', 'must be in [0, 1)');
      return {
        kind: 'lora',
        adapterPath: await resolve(adapterUri, 'lora.adapter_uri'),
        residualPath: residualUri === '' ? null : await resolve(residualUri, 'lora.residual_uri'),
        dropout,
      };
    }
    case undefined:
      throw invalidInput('METHOD_MISSING', 'method', 'choose lora or full');
  }
}

const POOLINGS: Readonly<Partial<Record<train.Pooling, Pooling | null>>> = {
  [train.Pooling.UNSPECIFIED]: null,
  [train.Pooling.MEAN]: 'mean',
  [train.Pooling.FIRST]: 'first',
  [train.Pooling.LAST]: 'last',
};

function resolveObjective(objective: train.TrainRequest['objective']): ObjectivePlan {
  switch (objective?.$case) {
    case 'causalLanguageModeling':
      return { kind: 'causal_language_modeling' };
    case 'sequenceClassification': {
      const { labels, pooling } = objective.value;
      const field = 'sequence_classification.labels';
      if (new Set(labels).size !== labels.length)
        throw invalidInput('LABELS_INVALID', field, 'has a class twice');
      if (labels.includes('')) throw invalidInput('LABELS_INVALID', field, 'has an empty name');
      if (labels.length === 1) throw invalidInput('LABELS_INVALID', field, 'needs two classes or more');
      const chosen = POOLINGS[pooling];
      if (chosen === undefined) {
        throw invalidInput('UNKNOWN_VALUE', 'sequence_classification.pooling', 'is not a pooling');
      }
      return { kind: 'sequence_classification', labels: [...labels], pooling: chosen };
    }
    case undefined:
      throw invalidInput(
        'OBJECTIVE_MISSING',
        'objective',
        'choose sequence_classification or causal_language_modeling',
      );
  }
}

function resolveOptimizer(optimizer: train.Optimizer | undefined, defaultRate: number): OptimizerPlan {
  const rate = optimizer?.learningRate ?? 0;
  const below1 = 1 - 2 ** -24;
  return {
    learningRate: within('optimizer.learning_rate', rate === 0 ? defaultRate : rate, Number.MIN_VALUE, 100),
    beta1: within('optimizer.beta1', optimizer?.beta1 ?? 0.9, 0, below1),
    beta2: within('optimizer.beta2', optimizer?.beta2 ?? 0.999, 0, below1),
    epsilon: within('optimizer.epsilon', optimizer?.epsilon ?? 1e-8, Number.MIN_VALUE, 1),
    weightDecay: within('optimizer.weight_decay', optimizer?.weightDecay ?? 0.01, 0, 100),
    maxGradientNorm: within('optimizer.max_gradient_norm', optimizer?.maxGradientNorm ?? 1, 0, 1e12),
  };
}

const SCHEDULES: Readonly<Partial<Record<train.ScheduleKind, SchedulePlan['kind']>>> = {
  [train.ScheduleKind.UNSPECIFIED]: 'linear',
  [train.ScheduleKind.LINEAR]: 'linear',
  [train.ScheduleKind.COSINE]: 'cosine',
  [train.ScheduleKind.CONSTANT]: 'constant',
};

function resolveSchedule(schedule: train.Schedule | undefined): SchedulePlan {
  const kind = SCHEDULES[schedule?.kind ?? train.ScheduleKind.UNSPECIFIED];
  if (kind === undefined) throw invalidInput('UNKNOWN_VALUE', 'schedule.kind', 'is not a schedule');
  return {
    kind,
    warmupSteps: integer('schedule.warmup_steps', schedule?.warmupSteps ?? 0, 0, MAX_WARMUP_STEPS),
  };
}

const BACKENDS: Readonly<Partial<Record<train.Backend, BackendName>>> = {
  [train.Backend.NATIVE]: 'native',
  [train.Backend.TENSORFLOW]: 'tensorflow',
  [train.Backend.WEBGPU]: 'webgpu',
};

function resolveBackend(backend: train.Backend, fallback: BackendName): BackendName {
  if (backend === train.Backend.UNSPECIFIED) return fallback;
  const chosen = BACKENDS[backend];
  if (chosen === undefined)
    throw invalidInput(
      'UNKNOWN_VALUE',
      'backend',
      `${backend} is not a backend; choose native, tensorflow or webgpu`,
    );
  return chosen;
}

/** A count; 0 stands for the default. */
function integer(field: string, value: number, fallback: number, largest: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= largest) return value === 0 ? fallback : value;
  throw invalidInput('OUT_OF_RANGE', field, `must be at most ${largest}`);
}

function within(field: string, value: number, least: number, most: number): number {
  if (value >= least && value <= most) return value;
  const low = least === Number.MIN_VALUE ? 'above 0' : `at least ${least}`;
  throw invalidInput('OUT_OF_RANGE', field, `must be ${low} and at most ${most}`);
}
