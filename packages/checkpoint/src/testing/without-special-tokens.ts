import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A copy of a model whose tokenizer puts nothing around a text, so that an empty text has no token. */
export async function withoutSpecialTokens(model: string, copy: string): Promise<string> {
  await cp(model, copy, { recursive: true });
  const path = join(copy, 'tokenizer.json');
  const tokenizer = JSON.parse(await readFile(path, 'utf8')) as object;
  await writeFile(path, JSON.stringify({ ...tokenizer, post_processor: null }));
  return copy;
}
