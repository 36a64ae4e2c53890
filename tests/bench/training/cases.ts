/** What is trained: an adapter of PEFT's kind, of rank 8, or every weight. */
export type Method = 'lora' | 'full';

/** Sizes that say how many operations a step has. */
interface Sizes {
  readonly layers: number;
  readonly width: number;
  /** Of the keys, and of the values. */
  readonly keyWidth: number;
  /** Elements of the feed-forward's weights. */
  readonly feedForward: number;
  /** Columns of the head, 0 for one of few classes. */
  readonly vocabulary: number;
  readonly isCausal: boolean;
}

/** A training step that is timed on both sides. */
export interface Case {
  readonly name: string;
  /** A folder, or the config of transformers for random weights. */
  readonly model: string | Readonly<Record<string, unknown>>;
  /** What is learnt: classes of texts or of images, or the next token. */
  readonly task: 'texts' | 'next-token' | 'images';
  readonly batch: number;
  /** Positions of each example. */
  readonly length: number;
  readonly methods: readonly Method[];
  /** Modules with an adapter, as transformers names them. */
  readonly targets: readonly string[];
  readonly sizes: Sizes;
}

const MINILM: Sizes = {
  ...{ layers: 6, width: 384, keyWidth: 384, feedForward: 2 * 384 * 1536, vocabulary: 0, isCausal: false },
};
/** Without dropout, on either side. */
const STILL = { hidden_dropout_prob: 0, attention_probs_dropout_prob: 0, attention_dropout: 0 };

export const CASES: readonly Case[] = [
  {
    name: 'MiniLM 32×64',
    model: '.cache/models/all-MiniLM-L6-v2',
    ...{ task: 'texts', batch: 32, length: 64, methods: ['lora', 'full'], targets: ['query', 'value'] },
    sizes: MINILM,
  },
  {
    name: 'encoder 8×128',
    model: {
      ...{ model_type: 'bert', hidden_size: 384, num_hidden_layers: 2, num_attention_heads: 12 },
      ...{ intermediate_size: 1536, vocab_size: 8192, max_position_embeddings: 512, ...STILL },
    },
    ...{ task: 'texts', batch: 8, length: 128, methods: ['full'], targets: [] },
    sizes: { ...MINILM, layers: 2 },
  },
  {
    name: 'SmolLM2-135M 4×256',
    model: {
      ...{ model_type: 'llama', hidden_size: 576, num_hidden_layers: 30, num_attention_heads: 9 },
      ...{ num_key_value_heads: 3, intermediate_size: 1536, vocab_size: 49_152, rms_norm_eps: 1e-5 },
      ...{ max_position_embeddings: 8192, rope_theta: 100_000, tie_word_embeddings: true, ...STILL },
    },
    ...{ task: 'next-token', batch: 4, length: 256, methods: ['lora'], targets: ['q_proj', 'v_proj'] },
    sizes: {
      ...{ layers: 30, width: 576, keyWidth: 192, feedForward: 3 * 576 * 1536 },
      ...{ vocabulary: 49_152, isCausal: true },
    },
  },
  {
    name: 'ViT-tiny 32×197',
    model: {
      ...{ model_type: 'vit', hidden_size: 192, num_hidden_layers: 12, num_attention_heads: 3 },
      ...{ intermediate_size: 768, image_size: 224, patch_size: 16, num_channels: 3, ...STILL },
    },
    ...{ task: 'images', batch: 32, length: 197, methods: ['lora'], targets: ['query', 'value'] },
    sizes: { ...MINILM, layers: 12, width: 192, keyWidth: 192, feedForward: 2 * 192 * 768 },
  },
];

/**
 * Floating-point operations of the matrix products of one step: 2mnk for each, forward once; backward once more for the inputs and,
 * where the weights are trained, once more for them. The pairs of LoRA are left out (under 2 %), and so is what a causal mask hides.
 */
export function flopsOf({ batch, length, sizes }: Case, method: Method): number {
  const { layers, width, keyWidth, feedForward, vocabulary, isCausal } = sizes;
  const tokens = batch * length;
  const weights = 2 * tokens * (layers * (2 * width * (width + keyWidth) + feedForward) + vocabulary * width);
  const attention = (layers * 2 * 2 * tokens * length * width) / (isCausal ? 2 : 1);
  return 3 * attention + (method === 'full' ? 3 : 2) * weights;
}
