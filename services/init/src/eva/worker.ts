import { openModel, opening } from '@eigenloom/checkpoint';
import type { common } from '@eigenloom/contracts';
import type { EngineModule } from '@eigenloom/engine';
import { BatchOrder } from '@eigenloom/datasets';
import { type Batch, loadNetwork, loadTokenizer, makeBatch, type Network, TextSet } from '@eigenloom/models';
import type { EvaSettings } from '../methods/eva.js';
import { type ComponentsFound, type ComponentsWanted, findComponents } from './find-components.js';

export interface EvaInput {
  readonly modelPath: string;
  readonly adapterPaths: readonly string[];
  readonly dataPath: string;
  readonly data: common.DatasetRef;
  readonly wanted: ComponentsWanted;
  readonly settings: EvaSettings;
}

/** How often the data are gone through at most when no number of batches is given. */
const PASSES = 2;

/** Finds the components in a worker thread. */
const run: EngineModule<EvaInput, ComponentsFound> = async (input, context) => {
  const { settings, wanted } = input;
  const { signal } = context;
  context.report({ phase: 'reading data', fraction: 0 });
  const rows = await tokenRows(input, signal);
  context.report({ phase: 'loading the model', fraction: 0 });
  const model = await openModel(input.modelPath, { adapters: input.adapterPaths, signal });
  const network = await loadNetwork(model, { signal });
  try {
    const perPass = Math.ceil(rows.length / settings.batchSize);
    const most = settings.maxBatches > 0 ? settings.maxBatches : PASSES * perPass;
    return await findComponents(network, wanted, batchesOf(network, rows, input, most), {
      signal,
      onBatch(batches, converged, groups) {
        context.report({
          phase: `principal components: ${converged} of ${groups} inputs converged`,
          fraction: batches / most,
          metrics: { batches, converged_inputs: converged },
        });
      },
    });
  } finally {
    network.dispose();
  }
};
export default run;

async function tokenRows(input: EvaInput, signal: AbortSignal): Promise<Int32Array[]> {
  const { textField, limit, uri } = input.data;
  const source = {
    path: input.dataPath,
    name: 'eva.data',
    limit,
    ...(textField === '' ? {} : { textField }),
  };
  const data = await opening({ field: 'eva.data.uri', uri }, () => TextSet.read(source, { signal }));
  const tokenizer = await loadTokenizer(input.modelPath);
  return data.tokens(tokenizer, { maxLength: input.settings.maxLength, signal });
}

function* batchesOf(
  network: Network,
  rows: readonly Int32Array[],
  { settings, wanted }: EvaInput,
  most: number,
): Generator<Batch> {
  const lengths = rows.map(({ length }) => length);
  const order = new BatchOrder({ lengths, batchSize: settings.batchSize, seed: wanted.seed });
  for (let index = 0; index < most; index += 1) {
    const examples = Array.from(order.batch(index), (example) => rows[example] ?? new Int32Array(0));
    yield makeBatch(examples, network.config.padTokenId);
  }
}
