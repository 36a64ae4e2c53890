import { access } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What to do about a model that is named as on the Hugging Face hub. */
export const NOT_FETCHED =
  'nothing is fetched from the Hugging Face hub: download the model and give the path of its folder';

/**
 * What to add where a model's path does not exist. OWNER/NAME is a path too, and mergekit's files name models so; where there is
 * not even a folder OWNER, the user most likely meant the hub.
 */
export async function hubHint(path: string, field: string): Promise<string> {
  if (!/model|base/.test(field)) return '';
  const ownerExists = await access(dirname(path)).then(
    () => true,
    () => false,
  );
  return ownerExists ? '' : `; ${NOT_FETCHED}`;
}
