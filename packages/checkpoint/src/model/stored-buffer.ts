import type { TensorInfo } from './model.js';

/**
 * Buffers that follow from a model's config, by the last part of their names: positions, rotary frequencies and their tables, indices of
 * relative positions, masks, and batch norm's counter. transformers computes them anew, and whether a file has them depends on the version
 * that wrote it. Running statistics are not among them: they are state that training changes.
 */
const BUFFERS =
  /(?:^|\.)(?:position_ids|token_type_ids|(?:original_)?inv_freq|inv_timescales|(?:cos|sin)_cached|freqs_cis|rope\.freqs|relative_position_index|relative_coords_table|attention_bias_idxs|masked_bias|causal_mask|attn_mask|num_batches_tracked|embed_positions\.(?:weights|_float_tensor)|(?:en|de)coder\.version)$/;
/** GPT-2 and its like keep the causal mask under the name of a bias. */
const MASK = /(?:^|[._])(?:attn|attention|crossattention)\.bias$/;

/** Whether a stored tensor is a buffer that no training changes: not demanded of a model, and not merged. */
export function isStoredBuffer({ name, shape }: Pick<TensorInfo, 'name' | 'shape'>): boolean {
  if (BUFFERS.test(name)) return true;
  const [one, other, rows, columns] = shape;
  return MASK.test(name) && shape.length === 4 && one === 1 && other === 1 && rows === columns;
}
