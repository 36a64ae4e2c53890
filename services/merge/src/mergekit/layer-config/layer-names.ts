/** How a list of a config speaks of layers. */
export type ListKind = 'entries' | 'numbers' | 'other';

/** Names with a word for layers, whatever else they say; `vision_feature_layer` picks a layer of another stack. */
const LAYER_WORD = /(?:^|_)(?:layers?|blocks?|attn_types?|attention_types?)(?:_|$)|(?:^|_)per_layer/;
const OTHER_LAYERS = /feature_layer|^mtp_|^keys_to|^out_|^stage_|^hidden_layer_sizes$|conv_layers/;
/** Lists of the numbers of layers: `mlp_only_layers`, `attn_layer_indices`, `full_attn_idxs`, `local_layer_ids`. */
const NUMBERS =
  /_layers$|(?:layers?|blocks?|attn|att|attention)_?(?:ids?|idxs?|index|indexes|indices)$|^fullatt_block_indexes$/;
/** Lists of numbers whose names end alike and that have an entry for each layer. */
const ENTRIES = /^(?:no_rope_layers|attention_layers|attn_layers)$/;
/** Values of these are numbers of other layers, which have moved too. */
const LINKS = /^(?:kv_source_layers|kv_share\w*|\w*cross_layer\w*)$/;
/** Lists that count something else, and may be as long as a stack by chance. */
const ELSEWHERE = new RegExp(
  [
    'token|^architectures$|lang|label|vocab|auto_map|^transformers|revision|^tags$|prompt|suppress|tokenizer',
    '(?:^|_)(?:image|patch|crop|pixel|grid|pool|kernel|tubelet|temporal|anchor|position|pos|mel|spatial)(?:_|$)',
    'factors?$|limit$|section|quantile|resolution|(?:^|_)(?:mean|std)$|rates?$|bandwidth|pos_att_type|betas?$',
    '^(?:ssm|mlp|qkv)_multipliers$|^(?:conv|tdnn)_|^out_|^stage_|lags_|cardinality|embedding_dimension|codes$',
  ].join('|'),
);

/** What a list of that name is, in the object that counts the layers or in one inside it. */
export function kindOfList(
  key: string,
  value: readonly unknown[],
  layers: number,
  nested: boolean,
): ListKind {
  if (OTHER_LAYERS.test(key)) return 'other';
  const speaks = LAYER_WORD.test(key) || NUMBERS.test(key);
  const isNumbers =
    NUMBERS.test(key) &&
    !ENTRIES.test(key) &&
    value.every((item, index) => isLayer(item, layers) && (index === 0 || item > Number(value[index - 1])));
  if (isNumbers) return 'numbers';
  if (value.length !== layers) return 'other';
  if (speaks) return 'entries';
  return nested || ELSEWHERE.test(key) ? 'other' : 'entries';
}

const isLayer = (value: unknown, layers: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < layers;

/** Whether a list's values are numbers of layers that another layer takes something from. */
export const isLink = (key: string): boolean => LINKS.test(key);

/** A text with a letter for each layer: Nemotron-H's `hybrid_override_pattern`. */
export const isPattern = (key: string, value: unknown, layers: number): value is string =>
  typeof value === 'string' && value.length === layers && /pattern$/.test(key);
