import { mkdtemp, rm } from 'node:fs/promises';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { digestOf, hashFolder, manifestText } from './manifest.js';

test('a folder of 12 003 files has a manifest of all, smaller than what a reader takes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'eigenloom-manifest-'));
  const names = Array.from(
    { length: 12_003 },
    (_, i) => `model-${String(i + 1).padStart(5, '0')}.safetensors`,
  );
  for (const name of names) writeFileSync(join(folder, name), '');
  const known = Object.fromEntries(names.map((name) => [name, 'a'.repeat(64)]));
  const files = await hashFolder(folder, known);
  await rm(folder, { recursive: true });
  expect(files.map(({ path }) => path)).toEqual(names);
  const text = manifestText({
    files,
    digest: digestOf(files),
    inputs: {},
    request: {},
    seed: '0',
    versions: {},
  });
  // 100 000 shards, the most that a merge makes, below 64 MiB.
  expect((text.length / names.length) * 100_000).toBeLessThan(64 * 1024 ** 2);
});
