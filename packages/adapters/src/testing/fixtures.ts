import type { ParametersOf } from '@eigenloom/contracts';

import type { AdapterChoice } from '../choice.js';
import type { ModelName } from './golden-models.js';

/** What the property suite needs to try a kind of adapter; every kind has one, or this does not compile. */
export interface Fixture {
  readonly model: ModelName;
  /** Modules of the model to adapt. */
  readonly modules: readonly string[];
  /** The keys of `adapter_model.safetensors` that PEFT writes for the first of the modules, and those of shared tensors. */
  readonly keys: readonly string[];
  /** Folders of tests/golden/peft/adapters whose logits PEFT computed, on the Llama. */
  readonly golden: readonly string[];
  /** Tensors whose gradient leaves out a term, as the paper has it; a test beside the kind holds it against its closed form. */
  readonly otherGradient?: readonly string[];
}

const LAYER = 'model.layers.0';
const BERT_QUERY = 'bert.encoder.layer.0.attention.self.query';

export const FIXTURES: {
  readonly [K in AdapterChoice['$case']]: Fixture & { readonly parameters: ParametersOf<AdapterChoice, K> };
} = {
  lora: {
    parameters: { rank: 4, alpha: 6, rankStabilized: false, dropout: 0.1 },
    model: 'llama',
    modules: [`${LAYER}.self_attn.q_proj`, `${LAYER}.self_attn.v_proj`, `${LAYER}.mlp.down_proj`],
    keys: ['lora_A', 'lora_B'].map((part) => `base_model.model.${LAYER}.self_attn.q_proj.${part}.weight`),
    golden: ['lora', 'rslora'],
  },
  dora: {
    parameters: { rank: 4, alpha: 6, rankStabilized: true, dropout: 0.1 },
    model: 'bert',
    modules: [BERT_QUERY, 'bert.encoder.layer.1.output.dense'],
    keys: ['lora_A.weight', 'lora_B.weight', 'lora_magnitude_vector'].map(
      (part) => `base_model.model.${BERT_QUERY}.${part}`,
    ),
    golden: ['dora'],
    otherGradient: ['lora_A', 'lora_B'],
  },
  vera: {
    parameters: { rank: 8, dInitial: 0.5 },
    model: 'llama',
    modules: [`${LAYER}.self_attn.q_proj`, `${LAYER}.self_attn.v_proj`, `${LAYER}.mlp.down_proj`],
    keys: [
      ...['vera_A', 'vera_B'].map((part) => `base_model.${part}`),
      ...['vera_lambda_b', 'vera_lambda_d'].map(
        (part) => `base_model.model.${LAYER}.self_attn.q_proj.${part}`,
      ),
    ],
    golden: ['vera'],
  },
  ssf: {
    parameters: {},
    model: 'bert',
    modules: [BERT_QUERY, 'bert.encoder.layer.1.output.LayerNorm'],
    keys: ['ssf_scale', 'ssf_shift'].map((part) => `base_model.model.${BERT_QUERY}.${part}`),
    golden: [],
  },
  prefixTuning: {
    parameters: { numVirtualTokens: 4 },
    model: 'llama',
    modules: [],
    keys: ['prompt_embeddings'],
    golden: ['prefix_tuning'],
  },
};

/** A kind with the parameters of its fixture. */
export const choiceOf = (kind: AdapterChoice['$case']): AdapterChoice =>
  ({ $case: kind as string, value: FIXTURES[kind].parameters }) as AdapterChoice;
