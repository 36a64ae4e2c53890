import { openModel } from '@eigenloom/adapters';
import { train } from '@eigenloom/contracts';
import { tf } from '@eigenloom/engine';
import {
  addClassifierHead,
  EXAMPLE_KINDS,
  headSpecs,
  loadNetwork,
  type Network,
  reachedParameters,
} from '@eigenloom/models';
import { randomNormals, streamKey } from '@eigenloom/numeric';
import { OBJECTIVES } from '@eigenloom/training';
import type { Learner } from './learner.js';
import type { TextTask } from './setting.js';

/** The model's layers by number; what stands outside of them is a layer of its own: embeddings, pooler, head. */
const NUMBERED = /^(.*?\.\d+)\./;

/** A model that becomes a text classifier; its new head is among what is trained. */
export async function textLearner(
  task: TextTask,
  { seed, batchSize, field }: { readonly seed: bigint; readonly batchSize: number; readonly field: string },
  signal: AbortSignal,
): Promise<Learner> {
  const choice = {
    $case: 'sequenceClassification',
    value: train.SequenceClassification.fromPartial({}),
  } as const;
  const { method: objective } = OBJECTIVES.create(choice);
  const model = await openModel(task.modelPath, { adapters: task.adapterPaths, signal });
  const network = await loadNetwork(model, { signal });
  const { maxLength, modelPath: directory } = task;
  const data = await objective.read({
    ...{ train: task.train, validation: task.test, signal },
    reader: await EXAMPLE_KINDS[network.family.input].open({ directory, network, maxLength }),
    storedHead: () => Promise.resolve(null),
  });
  if (task.randomWeights) drawAnew(network, seed);
  const head = objective.head(network);
  if (head === null) throw new Error(`${field}: a classifier has a head`);
  addClassifierHead(network, head, data.classes.length, seed);
  const names = [
    ...reachedParameters(network, head),
    ...headSpecs(network, head, data.classes.length).map(({ name }) => name),
  ];
  const weights = new Map([...new Set(names)].map((name) => [name, network.parameters.train(name)]));
  const state = await objective.prepare(data, {
    ...{ network, head, batchSize, seed, signal },
    pass: () => ({}),
    open: (role) => Promise.reject(new Error(`no model was given for the role ${role}`)),
  });
  return {
    weights,
    layerOf: (name) => NUMBERED.exec(name)?.[1] ?? name.slice(network.prefix.length).split('.')[0] ?? name,
    lengths: data.train.lengths,
    losses: (indices, step) => state.losses(indices, step),
    evaluate: () => state.evaluate(),
  };
}

/** N(0, initializer_range²) for matrices, as BERT starts; 1 for the scales of norms; 0 for biases. */
function drawAnew({ parameters, config }: Network, seed: bigint): void {
  for (const name of parameters.names) {
    const { shape, size } = parameters.get(name);
    const values =
      shape.length > 1
        ? randomNormals(streamKey(seed, 'anew', name), size, config.initializerRange)
        : new Float32Array(size).fill(name.endsWith('.bias') ? 0 : 1);
    parameters.set(name, tf.tensor(values, shape));
  }
}
