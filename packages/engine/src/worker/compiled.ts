import { existsSync } from 'node:fs';
import { sep } from 'node:path';

/** Workers load compiled JavaScript, whatever compiles the caller on the fly (tests do): `src/x.js` may mean `dist/x.js`. */
export function compiled(path: string): string {
  const file = path.endsWith('.ts') ? `${path.slice(0, -3)}.js` : path;
  if (existsSync(file)) return file;
  const source = `${sep}src${sep}`;
  const at = file.lastIndexOf(source);
  const built = at < 0 ? file : `${file.slice(0, at)}${sep}dist${sep}${file.slice(at + source.length)}`;
  return existsSync(built) ? built : file;
}
