import { merge } from '@eigenloom/contracts';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbedded } from './embedded.js';
import type { JobKind } from './jobs/job-kind.js';

let written = 0;
/** Gives back what is computed once for each seed; seed 9 fails before it is complete. */
const sharing: JobKind<'merge'> = {
  kind: 'merge',
  methods: [],
  validate: () => Promise.resolve(),
  estimate: () =>
    Promise.resolve({ durationSeconds: 0, memoryBytes: 0n, diskBytes: 0n, readBytes: 0n, notes: [] }),
  async run({ seed, outputUri }, context) {
    const folder = await context.cached({ seed: String(seed) }, async (staging) => {
      written += 1;
      await writeFile(join(staging, 'value'), `of ${String(seed)}`);
      if (seed === 9n) throw new Error('half done');
    });
    const value = await readFile(join(folder, 'value'), 'utf8');
    const model = await context.commit('', outputUri, { inputs: {} }, (staging) =>
      writeFile(join(staging, 'value'), value),
    );
    return merge.MergeResponse.fromPartial({ model });
  },
};

test('jobs share what they compute, by its key, also after a restart; what failed is not kept', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'eigenloom-'));
  const dataFolder = join(folder, 'data');
  const start = () => startEmbedded({ kinds: [sharing], dataFolder, roots: [folder] });
  let runtime = await start();
  try {
    const run = async (seed: bigint): Promise<string | undefined> => {
      const request = merge.MergeRequest.fromPartial({ seed });
      const { name } = await runtime.submit('merge', request);
      const { error } = await runtime.wait(name);
      if (error !== undefined) return undefined;
      let text = '';
      for await (const bytes of runtime.readFile(name, 'value')) text += Buffer.from(bytes).toString();
      return text;
    };
    expect(await Promise.all([run(1n), run(1n), run(2n)])).toEqual(['of 1', 'of 1', 'of 2']);
    expect(written).toBe(2);
    await runtime.close();
    runtime = await start();
    expect(await run(2n)).toBe('of 2');
    expect(written).toBe(2);
    expect(await run(9n)).toBeUndefined();
    expect(await readdir(join(dataFolder, 'cache'))).toHaveLength(2);
    // A job's scratch folder goes once its end is known; stopping waits for that.
    await runtime.close();
    runtime = await start();
    expect(await readdir(join(dataFolder, 'scratch'))).toEqual([]);
  } finally {
    await runtime.close();
    await rm(folder, { recursive: true });
  }
});
