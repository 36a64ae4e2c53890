import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Results } from '../results.js';

/** Every published folder with the digest that its manifest states. */
export async function artifactsOf(out: string): Promise<Results['artifacts']> {
  const found: { folder: string; digest: string }[] = [];
  for (const parent of ['runs', 'merges']) {
    for (const name of (await readdir(join(out, parent))).sort()) {
      const text = await readFile(join(out, parent, name, 'manifest.json'), 'utf8').catch(() => undefined);
      if (text === undefined) continue;
      const { digest } = JSON.parse(text) as { readonly digest?: string };
      found.push({ folder: `${parent}/${name}`, digest: digest ?? '' });
    }
  }
  return found;
}
