import { openModel } from '@eigenloom/adapters';
import { opening } from '@eigenloom/checkpoint';
import type { common } from '@eigenloom/contracts';
import type { EngineModule } from '@eigenloom/engine';
import { BatchOrder } from '@eigenloom/datasets';
import { type Batch, loadNetwork, loadTokenizer, makeBatch, type Network, TextSet } from '@eigenloom/models';
import { type ComponentsFound, type ComponentsWanted, findComponents } from './find-components.js';

/** Parameters with the paper's values where none are given. */
export interface EvaSettings {
  /** ρ: components kept as a multiple of the rank. */
  readonly rho: number;
  /** τ: cosine from which on a component counts as converged. */
  readonly tau: number;
  readonly batchSize: number;
  readonly maxLength: number;
  /** The request says nothing of it. */
  readonly isDefaultLength: boolean;
  /** Undefined: twice over the data at most. */
  readonly maxBatches: number | undefined;
}

export interface EvaInput {
  readonly modelPath: string;
  readonly adapterPaths: readonly string[];
  readonly dataPath: string;
  /** Where the request names the data. */
  readonly dataField: string;
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
    const most = settings.maxBatches ?? PASSES * perPass;
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
  const { uri, textField, limit } = input.data;
  const source = { path: input.dataPath, name: input.dataField, limit, textField };
  const data = await opening({ field: `${input.dataField}.uri`, uri }, () =>
    TextSet.read(source, { signal }),
  );
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
