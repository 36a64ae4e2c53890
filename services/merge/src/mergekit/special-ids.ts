import { type JsonObject, isObject } from '@eigenloom/checkpoint';

/** Ids of tokens in config.json and generation_config.json: one, a list, or lists of lists. */
const IDS = /(?:^|_)token_(?:ids?|index)$|^(?:begin_)?suppress_tokens$|^bad_words_ids$/;
const SECTION = /_config$/;
/** Keys for which a tokenizer names a token, and under what name it does. */
const NAMED: Readonly<Record<string, string>> = {
  bos_token_id: 'bos_token',
  eos_token_id: 'eos_token',
  pad_token_id: 'pad_token',
  unk_token_id: 'unk_token',
  sep_token_id: 'sep_token',
  cls_token_id: 'cls_token',
  mask_token_id: 'mask_token',
};

/** How the ids of a model become those of another tokenizer. */
export interface Renumbering {
  /** Of the model's own tokenizer, by id; undefined where it cannot be read. */
  readonly before: ReadonlyMap<number, string> | undefined;
  /** Of the result's. */
  readonly after: ReadonlyMap<string, number>;
  /** `tokenizer_config.json` of the result's tokenizer. */
  readonly settings: JsonObject;
}

/**
 * A config whose ids mean the same tokens in another tokenizer. Where that tokenizer names a token for a purpose, as `eos_token`, its
 * choice holds, and the config's other ends of a text stay beside it. An id whose token the tokenizer lacks becomes null: any number
 * would be another token's.
 */
export function withTokenIds(config: JsonObject, renumbering: Renumbering): JsonObject {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => {
      if (SECTION.test(key) && isObject(value)) return [key, withTokenIds(value, renumbering)];
      return [key, IDS.test(key) ? idsOf(key, value, renumbering) : value];
    }),
  );
}

function idsOf(key: string, value: unknown, renumbering: Renumbering): unknown {
  const own = namedId(key, renumbering);
  if (value === null || own === undefined) return mapped(value, renumbering);
  if (key !== 'eos_token_id') return own;
  const others: unknown = mapped(Array.isArray(value) ? value : [value], renumbering);
  const ends = [own, ...(others as readonly unknown[]).filter((id) => id !== own)];
  return ends.length === 1 ? own : ends;
}

/** Lists lose what the tokenizer lacks. */
function mapped(value: unknown, renumbering: Renumbering): unknown {
  if (Array.isArray(value)) {
    return value.map((each: unknown) => mapped(each, renumbering)).filter((each) => each !== null);
  }
  if (typeof value !== 'number' || renumbering.before === undefined) return value;
  const token = renumbering.before.get(value);
  // Numbers outside the vocabulary, such as −1, are no tokens.
  return token === undefined ? value : (renumbering.after.get(token) ?? null);
}

/** The id of the token that the tokenizer names for a purpose. */
function namedId(key: string, { settings, after }: Renumbering): number | undefined {
  const named: unknown = settings[NAMED[key] ?? ''];
  const text: unknown = isObject(named) ? named['content'] : named;
  return typeof text === 'string' ? after.get(text) : undefined;
}
