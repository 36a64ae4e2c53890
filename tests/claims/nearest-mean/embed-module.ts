import { openModel } from '@eigenloom/adapters';
import { evaluationBatches } from '@eigenloom/datasets';
import { type EngineModule, tf } from '@eigenloom/engine';
import { loadNetwork, loadTokenizer, makeBatch, pool, tokenize } from '@eigenloom/models';

export interface EmbedInput {
  readonly model: string;
  readonly texts: readonly string[];
  readonly maxLength: number;
}

export interface Embedded {
  readonly columns: number;
  /** [texts, columns]. */
  readonly values: Float32Array;
}

const BATCH = 32;

/** Mean of the last hidden states of each text: MiniLM's sentence embedding before it is scaled to length 1. */
const embed: EngineModule<EmbedInput, Embedded> = async ({ model, texts, maxLength }, { signal }) => {
  const network = await loadNetwork(await openModel(model), { signal });
  const rows = await tokenize(await loadTokenizer(model), texts, { maxLength, signal });
  const columns = network.config.hiddenSize;
  const values = new Float32Array(texts.length * columns);
  const lengths = rows.map(({ length }) => length);
  for (const indices of evaluationBatches(lengths, BATCH)) {
    signal.throwIfAborted();
    const chosen = Array.from(indices, (i) => rows[i] ?? new Int32Array(0));
    const pooled = tf.tidy(() => {
      const { hidden, layout } = network.features(
        makeBatch(chosen, network.config.padTokenId),
        network.pass(),
      );
      return pool(hidden, layout, 'mean');
    });
    const read = await pooled.data<'float32'>();
    pooled.dispose();
    for (const [row, index] of indices.entries())
      values.set(read.subarray(row * columns, (row + 1) * columns), index * columns);
  }
  network.dispose();
  return { columns, values };
};

export default embed;
