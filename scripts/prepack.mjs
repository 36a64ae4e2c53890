// Runs before npm packs a workspace: it gets the licence, and is refused while it is not built.
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';

const needed = [
  'dist/index.js',
  ...(process.env.npm_package_name === '@eigenloom/numeric' ? ['native/numeric.node'] : []),
];
for (const file of needed) {
  if (existsSync(file)) continue;
  console.error(`pack: ${join(process.cwd(), file)} is missing: run \`npm run setup\` first`);
  process.exit(1);
}
copyFileSync('../../LICENSE', 'LICENSE');
