import { invalidInput } from '@eigenloom/errors';
import type { TextTokenizer } from '@eigenloom/models';

/** What an expert is for. */
export interface PromptTexts {
  readonly positive: readonly string[];
  readonly negative: readonly string[];
}

/** Token ids of a prompt, with the tokens that the tokenizer puts around a text. Errors: `EMPTY_PROMPT`. */
export function tokenizePrompt(tokenizer: TextTokenizer, text: string, maxLength: number): Int32Array {
  const ids = Int32Array.from(tokenizer.encode(text, maxLength));
  if (ids.length > 0) return ids;
  throw invalidInput('EMPTY_PROMPT', 'mixture_of_experts.prompts', `${JSON.stringify(text)} has no tokens`);
}
