import { readAdapterFolder } from '@eigenloom/adapters';
import { opening } from '@eigenloom/checkpoint';
import { type common, train } from '@eigenloom/contracts';
import { checkDataRef } from '@eigenloom/datasets';
import type { BackendName, FrozenFormat, Precision } from '@eigenloom/engine';
import { invalidInput } from '@eigenloom/errors';
import type { DataSource } from '@eigenloom/models';
import { defaultBackend, type RequestContext } from '@eigenloom/runtime';
import { type ObjectiveChoice, OBJECTIVES, OPTIMIZERS, type TrainedKind } from '@eigenloom/training';
import type { MethodPlan, ModelPaths, OptimizerPlan, SchedulePlan, TrainPlan } from './train-plan.js';

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
  const { model, trainable } = request;
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
    method: await resolveMethod(trainable?.kind, resolve, context.signal),
    models: await resolveModels(settings.objective, resolve),
  };
}

type Resolve = (uri: string, field: string) => Promise<string>;
type Settings = Omit<
  TrainPlan,
  'modelPath' | 'foldedAdapterPaths' | 'trainData' | 'validationData' | 'method' | 'models'
>;

function resolveSettings(request: train.TrainRequest, backend: BackendName): Settings {
  const settings: Settings = {
    seed: request.seed,
    objective: resolveObjective(request.objective?.kind),
    optimizer: resolveOptimizer(
      request.optimizer,
      request.trainable?.kind?.$case === 'full' ? 'full' : 'adapter',
    ),
    schedule: resolveSchedule(request.schedule),
    batchSize: count('batching.batch_size', request.batching?.batchSize, 16, MAX_BATCH_SIZE),
    maxLength: count('batching.max_length', request.batching?.maxLength, 128, MAX_LENGTH),
    maxSteps: count('max_steps', request.maxSteps, 0, MAX_STEPS),
    epochs: within('epochs', request.epochs ?? 3, Number.MIN_VALUE, 1e6),
    evalSteps: count('eval_steps', request.evalSteps, 0, MAX_STEPS),
    earlyStoppingPatience: count('early_stopping_patience', request.earlyStoppingPatience, 0, MAX_STEPS),
    keepBest: request.keepBest,
    checkpointSteps: count('checkpoint_steps', request.checkpointSteps, 50, MAX_STEPS),
    ...resolveEngine(request, backend),
  };
  requireValidation(request);
  return settings;
}

function requireValidation(request: train.TrainRequest): void {
  if (request.validationData !== undefined) return;
  const asking = (
    [
      ['keep_best', request.keepBest],
      ['early_stopping_patience', request.earlyStoppingPatience !== undefined],
      ['eval_steps', request.evalSteps !== undefined],
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
): Promise<DataSource> {
  if (data === undefined || data.uri === '')
    throw invalidInput('DATA_MISSING', `${field}.uri`, 'names no data');
  checkDataRef(data, field);
  const { textField = 'text', labelField = 'label', limit = 0 } = data;
  return { path: await resolve(data.uri, `${field}.uri`), textField, labelField, limit };
}

async function resolveMethod(
  trainable: train.Trainable['kind'],
  resolve: Resolve,
  signal: AbortSignal,
): Promise<MethodPlan> {
  switch (trainable?.$case) {
    case 'full':
      return { kind: 'full' };
    case 'adapter': {
      const { uri, residualUri, dropout } = trainable.value;
      if (uri === '') throw invalidInput('ADAPTER_MISSING', 'adapter.uri', 'names no adapter');
      if (dropout !== undefined && !(dropout >= 0 && dropout < 1))
        throw invalidInput('OUT_OF_RANGE', 'adapter.dropout', 'must be in [0, 1)');
      const adapterPath = await resolve(uri, 'adapter.uri');
      return {
        kind: 'adapter',
        adapterPath,
        residualPath: residualUri === '' ? null : await resolve(residualUri, 'adapter.residual_uri'),
        dropout: await opening({ field: 'adapter.uri', uri }, () => dropoutOf(adapterPath, dropout, signal)),
      };
    }
    case undefined:
      throw invalidInput('METHOD_MISSING', 'trainable', 'choose adapter or full');
  }
}

/** What is asked for, or what the adapter's config says. Errors: those of the adapter, `FIELD_UNUSED` where its kind has no dropout. */
async function dropoutOf(folder: string, asked: number | undefined, signal: AbortSignal): Promise<number> {
  const { parametrisation } = await readAdapterFolder(folder, { signal });
  const { dropout: own, format } = parametrisation;
  if (own === undefined && asked !== undefined && asked > 0) {
    const why = `an adapter of the kind ${format.peftType} has no dropout; leave this out`;
    throw invalidInput('FIELD_UNUSED', 'adapter.dropout', why);
  }
  return asked ?? own ?? 0;
}

/** Errors: `METHOD_MISSING`; those of the rule. */
function resolveOptimizer(optimizer: train.Optimizer | undefined, trained: TrainedKind): OptimizerPlan {
  const rule = optimizer?.rule?.kind ?? { $case: 'adamw', value: train.AdamW.fromPartial({}) };
  const { method } = OPTIMIZERS.create(rule);
  const {
    learningRate = method.defaultRate(trained),
    weightDecay = 0.01,
    maxGradientNorm = 1,
  } = optimizer ?? {};
  return {
    rule,
    learningRate: within('optimizer.learning_rate', learningRate, Number.MIN_VALUE, 100),
    weightDecay: within('optimizer.weight_decay', weightDecay, 0, 100),
    maxGradientNorm: within('optimizer.max_gradient_norm', maxGradientNorm, 0, 1e12),
  };
}

/** The objective as the request has it, checked. Errors: `METHOD_MISSING`; those of the objective. */
function resolveObjective(objective: train.Objective['kind']): ObjectiveChoice {
  OBJECTIVES.create(objective);
  if (objective === undefined) throw invalidInput('METHOD_MISSING', 'objective', 'is missing');
  return objective;
}

async function resolveModels(
  objective: ObjectiveChoice,
  resolve: Resolve,
): Promise<Readonly<Record<string, ModelPaths>>> {
  const models: Record<string, ModelPaths> = {};
  for (const { role, field, uri, adapters } of OBJECTIVES.create(objective).method.models ?? []) {
    models[role] = {
      path: await resolve(uri, `${field}.uri`),
      adapterPaths: await Promise.all(
        adapters.map((adapter, index) => resolve(adapter, `${field}.adapters[${index}]`)),
      ),
    };
  }
  return models;
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
    warmupSteps: whole('schedule.warmup_steps', schedule?.warmupSteps ?? 0, 0, MAX_WARMUP_STEPS),
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

const PRECISIONS: Readonly<Partial<Record<train.Precision, Precision>>> = {
  [train.Precision.UNSPECIFIED]: 'f32',
  [train.Precision.F32]: 'f32',
  [train.Precision.BF16]: 'bf16',
};

const FROZEN: Readonly<Partial<Record<train.FrozenWeights, FrozenFormat>>> = {
  [train.FrozenWeights.UNSPECIFIED]: 'f32',
  [train.FrozenWeights.F32]: 'f32',
  [train.FrozenWeights.BF16]: 'bf16',
  [train.FrozenWeights.NF4]: 'nf4',
};

type EngineSettings = Pick<TrainPlan, 'backend' | 'precision' | 'activationCheckpointing' | 'frozenWeights'>;

function resolveEngine(request: train.TrainRequest, fallback: BackendName): EngineSettings {
  const backend = resolveBackend(request.backend, fallback);
  const precision = PRECISIONS[request.precision];
  if (precision === undefined)
    throw invalidInput(
      'UNKNOWN_VALUE',
      'precision',
      `${request.precision} is not a precision; choose f32 or bf16`,
    );
  if (precision !== 'f32' && backend !== 'native')
    throw invalidInput(
      'FIELD_UNUSED',
      'precision',
      `backend ${backend} computes in f32; leave this out, or choose native`,
    );
  const { activationCheckpointing } = request;
  return { backend, precision, activationCheckpointing, frozenWeights: resolveFrozen(request, backend) };
}

function resolveFrozen({ frozenWeights, trainable }: train.TrainRequest, backend: BackendName): FrozenFormat {
  const format = FROZEN[frozenWeights];
  if (format === undefined)
    throw invalidInput(
      'UNKNOWN_VALUE',
      'frozen_weights',
      `${frozenWeights} is not a format; choose f32, bf16 or nf4`,
    );
  if (format === 'f32') return format;
  const unused = (why: string): Error => invalidInput('FIELD_UNUSED', 'frozen_weights', why);
  if (backend !== 'native')
    throw unused(`backend ${backend} holds weights in f32; leave this out, or choose native`);
  if (trainable?.kind?.$case === 'full') throw unused('every weight is trained; leave this out');
  return format;
}

/** A number of things, 1 or more. */
const count = (field: string, value: number | undefined, fallback: number, largest: number): number =>
  value === undefined ? fallback : whole(field, value, 1, largest);

function whole(field: string, value: number, least: number, largest: number): number {
  if (Number.isInteger(value) && value >= least && value <= largest) return value;
  throw invalidInput('OUT_OF_RANGE', field, `must be a whole number from ${least} to ${largest}`);
}

function within(field: string, value: number, least: number, most: number): number {
  if (value >= least && value <= most) return value;
  const low = least === Number.MIN_VALUE ? 'above 0' : `at least ${least}`;
  throw invalidInput('OUT_OF_RANGE', field, `must be ${low} and at most ${most}`);
}
