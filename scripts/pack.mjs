// Packs every workspace that `eigenloom` needs as npm packs them: node scripts/pack.mjs [FOLDER] (default: dist-packages).
// Installed together they work without the repository, on machines like this one: the numeric core is built for its platform.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2] ?? 'dist-packages';
/** What the command line depends on, itself included. */
function packages(name = '@eigenloom/cli', found = new Map()) {
  if (found.has(name)) return found;
  const place = PLACES.get(name);
  found.set(name, place);
  const { dependencies = {} } = JSON.parse(readFileSync(join(place, 'package.json')));
  for (const each of Object.keys(dependencies)) if (PLACES.has(each)) packages(each, found);
  return found;
}

const PLACES = new Map(
  ['packages', 'services'].flatMap((parent) =>
    readdirSync(parent).map((child) => {
      const place = join(parent, child);
      return [JSON.parse(readFileSync(join(place, 'package.json'))).name, place];
    }),
  ),
);

mkdirSync(folder, { recursive: true });
for (const old of readdirSync(folder)) if (/^eigenloom-.*\.tgz$/.test(old)) rmSync(join(folder, old));
const places = [...packages().values()];
const workspaces = places.flatMap((place) => ['--workspace', place]);
execFileSync('npm', ['pack', '--silent', '--pack-destination', folder, ...workspaces], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
for (const place of places) rmSync(join(place, 'LICENSE'), { force: true });
console.log(`packed ${places.length} packages; install them together: npm install ${join(folder, '*.tgz')}`);
