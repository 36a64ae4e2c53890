import * as tokenizers from '@huggingface/tokenizers';
import { type JsonObject, carriedFile, readJsonFile } from '@eigenloom/checkpoint';
import { AppError, corruptData, incompatible, invalidInput, notFound } from '@eigenloom/errors';

/** Text to token ids as `tokenizer.json` says. */
export interface TextTokenizer {
  readonly padTokenId: number | undefined;
  /**
   * Token ids with the special tokens around them, at most `maxLength`; a longer text loses its end. Errors: `MAX_LENGTH_TOO_SMALL`;
   * `TOKEN_OUT_OF_RANGE` for a token that the model's embeddings have no row for.
   */
  encode(text: string, maxLength: number): number[];
  /** As `encode`, and whether the text lost its end. */
  encodeWithin(text: string, maxLength: number): EncodedText;
  /** The token of an id; undefined where it has none. */
  tokenOf(id: number): string | undefined;
}

export interface EncodedText {
  readonly ids: number[];
  readonly isCut: boolean;
}

// The package's type declarations leave out the file extensions that Node's resolution asks for, so they resolve to nothing.
interface HuggingFaceTokenizer {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] };
  token_to_id(token: string): number | undefined;
  id_to_token(id: number): string | undefined;
}
const { Tokenizer } = tokenizers as unknown as {
  Tokenizer: new (definition: object, settings: object) => HuggingFaceTokenizer;
};

// A text beyond this many characters is cut before it is tokenised: the pieces of WordPiece and BPE are found word by word,
// and no vocabulary in use has tokens of more than 128 characters on average.
const CHARACTERS_PER_TOKEN = 128;

/**
 * Reads the tokenizer of a model folder: `tokenizer.json` and, if there is one, `tokenizer_config.json`; `config.json` says how many of
 * its tokens the model has.
 */
export async function loadTokenizer(directory: string): Promise<TextTokenizer> {
  const definition = await readJson(directory, 'tokenizer.json');
  if (definition === undefined) throw notFound('TOKENIZER_MISSING', 'the model folder has no tokenizer.json');
  const settings = (await readJson(directory, 'tokenizer_config.json')) ?? {};
  let tokenizer: HuggingFaceTokenizer;
  try {
    tokenizer = new Tokenizer(definition, settings);
  } catch (cause) {
    throw corruptData('TOKENIZER_INVALID', 'tokenizer.json does not describe a tokenizer that is supported', {
      cause,
    });
  }
  const rows = (await readJson(directory, 'config.json'))?.['vocab_size'];
  return wrap(tokenizer, settings, typeof rows === 'number' ? rows : Infinity);
}

function wrap(tokenizer: HuggingFaceTokenizer, settings: JsonObject, rows: number): TextTokenizer {
  const plain = (text: string): number[] => tokenizer.encode(text, { add_special_tokens: false }).ids;
  const { before, after } = specialTokens(tokenizer, plain);
  const pad = settings['pad_token'];
  const padText = typeof pad === 'string' ? pad : (pad as { content?: string } | null | undefined)?.content;
  const encodeWithin = (text: string, maxLength: number): EncodedText => {
    const room = maxLength - before.length - after.length;
    if (room < 0) {
      throw invalidInput(
        'MAX_LENGTH_TOO_SMALL',
        'max_length',
        `the tokenizer adds ${before.length + after.length} tokens`,
      );
    }
    const most = maxLength * CHARACTERS_PER_TOKEN;
    const ids = plain(text.slice(0, most));
    const row = [...before, ...ids.slice(0, room), ...after];
    const beyond = row.find((id) => id >= rows);
    if (beyond !== undefined) throw withoutRow(tokenizer.id_to_token(beyond), beyond, rows, text);
    return { ids: row, isCut: text.length > most || ids.length > room };
  };
  return {
    padTokenId: padText === undefined ? undefined : tokenizer.token_to_id(padText),
    encode: (text, maxLength) => encodeWithin(text, maxLength).ids,
    encodeWithin,
    tokenOf: (id) => tokenizer.id_to_token(id),
  };
}

/** Characters of a text that an error shows. */
const SHOWN = 60;

/** A tokenizer with tokens that were added without new rows in the embeddings: found as the text is read, not in the middle of a run. */
function withoutRow(token: string | undefined, id: number, rows: number, text: string): Error {
  const name = token === undefined ? '' : ` ${JSON.stringify(token)}`;
  const shown = JSON.stringify(text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
  return incompatible(
    'TOKEN_OUT_OF_RANGE',
    `token${name} of the text ${shown} has id ${id}, and the model's embeddings have ${rows} rows (vocab_size): its tokenizer was given tokens that it was not`,
  );
}

/** What the post-processor puts around a text: found on a text that surely has tokens. */
function specialTokens(
  tokenizer: HuggingFaceTokenizer,
  plain: (text: string) => number[],
): { before: number[]; after: number[] } {
  const probe = 'a';
  const inner = plain(probe);
  const whole: number[] = tokenizer.encode(probe, { add_special_tokens: true }).ids;
  const start = whole.findIndex((_, at) => inner.every((id, i) => whole[at + i] === id));
  if (inner.length === 0 || start < 0) return { before: [], after: [] };
  return { before: whole.slice(0, start), after: whole.slice(start + inner.length) };
}

async function readJson(directory: string, name: string): Promise<JsonObject | undefined> {
  try {
    return await readJsonFile(await carriedFile(directory, name));
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause;
    if (cause.reason === 'FILE_NOT_FOUND') return undefined;
    if (cause.reason !== 'CORRUPT_JSON') throw cause;
    throw corruptData('JSON_INVALID', cause.message, { details: cause.details, cause });
  }
}
