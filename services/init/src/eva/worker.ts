import { basename } from 'node:path';

import { openModel } from '@eigenloom/adapters';
import { opening } from '@eigenloom/checkpoint';
import type { common } from '@eigenloom/contracts';
import type { EngineModule } from '@eigenloom/engine';
import { corruptData } from '@eigenloom/errors';
import {
  type Batch,
  epochBatches,
  loadDataset,
  loadNetwork,
  loadTokenizer,
  makeBatch,
  type Network,
  tokenize,
} from '@eigenloom/models';
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
  const { textField, limit } = input.data;
  const examples = await opening({ field: 'eva.data.uri', uri: input.data.uri }, () =>
    loadDataset(input.dataPath, { ...(textField === '' ? {} : { textField }), limit, signal }),
  );
  const tokenizer = await loadTokenizer(input.modelPath);
  const texts = examples.map(({ text }) => text);
  const rows = await tokenize(tokenizer, texts, { maxLength: input.settings.maxLength, signal });
  const used = rows.filter(({ length }) => length > 0);
  if (used.length > 0) return used;
  throw corruptData('DATASET_EMPTY', `eva.data: no text of ${basename(input.dataPath)} has a token`);
}

function* batchesOf(
  network: Network,
  rows: readonly Int32Array[],
  { settings, wanted }: EvaInput,
  most: number,
): Generator<Batch> {
  const lengths = rows.map(({ length }) => length);
  let count = 0;
  for (let epoch = 0; count < most; epoch += 1) {
    for (const indices of epochBatches(lengths, settings.batchSize, wanted.seed, epoch)) {
      if (count === most) return;
      count += 1;
      yield makeBatch(
        Array.from(indices, (index) => rows[index] ?? new Int32Array(0)),
        network.config.padTokenId,
      );
    }
  }
}
