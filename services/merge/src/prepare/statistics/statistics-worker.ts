import type { Model } from '@eigenloom/checkpoint';
import type { EngineContext, EngineModule } from '@eigenloom/engine';
import { evaluationBatches } from '@eigenloom/datasets';
import {
  type ClassifierHead,
  findClassifierHead,
  loadClassifierHead,
  loadNetwork,
  makeBatch,
  type Network,
  planNetwork,
} from '@eigenloom/models';
import { SafetensorsWriter, type TensorPlan } from '@eigenloom/numeric';

import { openPaths } from '../../plan/model-paths.js';
import { fisherDiagonal } from './fisher.js';
import { gramGroups, gramMatrices, gramName } from './gram.js';
import { classLikelihood, languageLikelihood } from './likelihood.js';
import { NORM } from './stored-statistic.js';
import type { ComputedTensor, StatisticKind, StatisticTask } from './statistic.js';
import { readTexts } from './texts.js';

type Of<K extends StatisticKind['kind']> = Extract<StatisticKind, { kind: K }>;

/** What will be computed: its tensors are known before. */
interface Computation {
  readonly plans: readonly TensorPlan[];
  /** Weights that share the tensor of another. */
  readonly shared: Readonly<Record<string, string>>;
  readonly tensors: Generator<ComputedTensor>;
}

/** Runs in a worker thread: computes a statistic and writes it; returns the number of texts. */
const computeStatistic: EngineModule<StatisticTask, number> = async (task, context) => {
  const { statistic, output } = task;
  const { signal } = context;
  const model = await openPaths(task.model, signal);
  const { tokenizerFolder } = task;
  const requireTokens = findClassifierHead(planNetwork(model).family, model.tensors) !== undefined;
  const texts = await readTexts(task.texts, { tokenizerFolder, requireTokens }, signal);
  const network = await loadNetwork(model, { signal });
  try {
    const head = await headOf(network, model);
    const computation =
      statistic.kind === 'fisher'
        ? fisherOf(network, head, texts, statistic, context)
        : gramOf(network, head, texts, statistic, context);
    await write(output, computation, { texts: String(texts.length) }, signal);
    return texts.length;
  } finally {
    network.dispose();
  }
};
export default computeStatistic;

async function headOf(network: Network, model: Model): Promise<ClassifierHead | undefined> {
  if (findClassifierHead(network.family, model.tensors) === undefined) return undefined;
  return (await loadClassifierHead(network, model)).head;
}

function fisherOf(
  network: Network,
  head: ClassifierHead | undefined,
  texts: readonly Int32Array[],
  { labels, seed }: Of<'fisher'>,
  { signal, report }: EngineContext,
): Computation {
  const likelihood =
    head === undefined ? languageLikelihood(network, seed) : classLikelihood(network, head, labels, seed);
  const onText = (done: number): void => {
    report({ fraction: done / texts.length, phase: 'computing Fisher information' });
  };
  const plans = likelihood.parameters.map((name) => ({
    name,
    dtype: 'F32' as const,
    shape: network.parameters.get(name).shape,
  }));
  return { plans, shared: {}, tensors: fisherDiagonal(network, likelihood, texts, { signal, onText }) };
}

function gramOf(
  network: Network,
  head: ClassifierHead | undefined,
  texts: readonly Int32Array[],
  { batchSize }: Of<'gram'>,
  { signal, report }: EngineContext,
): Computation {
  const lengths = texts.map(({ length }) => length);
  const batches = evaluationBatches(lengths, batchSize).map((indices) =>
    makeBatch(
      Array.from(indices, (index) => texts[index] ?? new Int32Array(0)),
      network.config.padTokenId,
    ),
  );
  const onBatch = (fraction: number): void => {
    report({ fraction, phase: 'computing Gram matrices' });
  };
  const groups = gramGroups(network, head);
  const shared = groups.flatMap((group) =>
    group.modules.slice(1).map((module) => [`${module}.weight`, gramName(group)]),
  );
  return {
    plans: groups.map((group) => ({
      name: gramName(group),
      dtype: 'F32' as const,
      shape: [group.inputSize, group.inputSize],
    })),
    shared: Object.fromEntries(shared) as Record<string, string>,
    tensors: gramMatrices(network, head, batches, { signal, onBatch }),
  };
}

async function write(
  path: string,
  { plans, shared, tensors }: Computation,
  facts: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const norm: TensorPlan = { name: NORM, dtype: 'F64', shape: [1] };
  const writer = await SafetensorsWriter.create(path, [...plans, norm], { ...shared, ...facts }, { signal });
  try {
    let squares = 0;
    for (const { name, values } of tensors) {
      for (const value of values) squares += value * value;
      await writer.write(name, values, { signal });
    }
    await writer.write(NORM, Float64Array.of(Math.sqrt(squares)), { signal });
    await writer.finish({ signal });
  } catch (error) {
    writer.discard();
    throw error;
  }
}
