import { createHash } from 'node:crypto';
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { writeTrained } from '@eigenloom/adapters/dist/testing/write-trained.js';
import { merge } from '@eigenloom/contracts';
import type { JobContext, ProgressUpdate } from '@eigenloom/runtime';

import { mergeKind } from '../kind.js';
import { contextIn, modelsGolden, newFolder, requestOf } from '../testing/job-context.js';

const BERT = modelsGolden('tiny-bert-classifier');

let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(() => rm(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

const request = (adapters: readonly (readonly string[])[]): merge.MergeRequest =>
  requestOf({
    models: adapters.map((each) => ({
      ...merge.MergeInput.fromJSON({}),
      model: { uri: BERT, adapters: [...each] },
    })),
    method: merge.MergeMethod.fromJSON({ linear: {} }),
    outputUri: at('out'),
  });
const bytesOf = (out: string): Promise<Buffer> => readFile(join(out, 'model.safetensors'));

describe('the files of folded tensors', () => {
  let given: merge.MergeRequest;
  beforeEach(async () => {
    const dora = await writeTrained(at('dora'), 'dora', { model: BERT });
    given = request([[dora], [dora], []]);
  });

  /** Runs an attempt in one scratch folder; the fence of this number fails, as of a process that is killed. */
  async function attempt(number: number, stopAt?: number): Promise<{ phases: string[]; heard: string[] }> {
    const phases: string[] = [];
    const heard: string[] = [];
    let fences = 0;
    const say = (_: unknown, message: string): number => heard.push(message);
    const context: JobContext = {
      ...contextIn(folder),
      ...{ scratch: at('job'), attempt: number },
      log: { info: say, warn: say } as unknown as JobContext['log'],
      progress: ({ phase = '' }: ProgressUpdate) => phases.push(phase),
      fence: () => ((fences += 1) === stopAt ? Promise.reject(new Error('killed')) : Promise.resolve()),
    };
    await mergeKind.run(given, context);
    return { phases, heard };
  }
  const files = (): Promise<string[]> =>
    readdir(join(at('job'), 'folded'), { recursive: true }).then((names) =>
      names.filter((name) => name.endsWith('.safetensors')),
    );

  it('are in the scratch folder of the job, one for models that are alike, and progress speaks of them', async () => {
    const { phases } = await attempt(1);
    expect(phases).toContain('folding adapters into models[0] (2 of 2 tensors)');
    expect(await files()).toHaveLength(1);
    expect(await readdir(at('out'))).not.toContain('0.safetensors');
  });

  it('are found by the next attempt, which writes the same bytes', async () => {
    await attempt(1);
    const whole = createHash('sha256')
      .update(await bytesOf(at('out')))
      .digest('hex');
    for (const stopAt of [1, 2, 3, 4]) {
      await rm(at('out'), { recursive: true, force: true });
      await rm(at('job'), { recursive: true, force: true });
      await expect(attempt(1, stopAt)).rejects.toThrow('killed');
      const { heard } = await attempt(2);
      expect(
        createHash('sha256')
          .update(await bytesOf(at('out')))
          .digest('hex'),
      ).toBe(whole);
      const again = heard.filter((message) => message.includes('folded are whole'));
      // Before the fence that the file is kept behind, it has to be made again.
      expect(again).toHaveLength(stopAt > 2 ? 1 : 0);
    }
  });

  it('are made again when they are damaged', async () => {
    await attempt(1);
    const [file = ''] = await files();
    const path = join(at('job'), 'folded', file);
    const bytes = await readFile(path);
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(path, bytes);
    const before = await bytesOf(at('out'));
    await rm(at('out'), { recursive: true });
    const { heard } = await attempt(2);
    expect(heard).toContain('folded tensors of an earlier attempt do not match their checksum');
    expect(await bytesOf(at('out'))).toEqual(before);
  });

  it('count in the estimate', async () => {
    const plain = await mergeKind.estimate(request([[], [], []]), contextIn(folder));
    const own = await mergeKind.estimate(given, contextIn(folder));
    // A matrix of 16 × 16 and one of 16 × 32, in f32, once.
    expect(own.diskBytes - plain.diskBytes).toBe(4n * (256n + 512n));
    expect(own.durationSeconds).toBeGreaterThan(plain.durationSeconds);
  });

  it('are not written once the job is cancelled', async () => {
    const controller = new AbortController();
    const context = contextIn(folder, controller.signal);
    const cancelling = mergeKind.run(given, {
      ...context,
      scratch: at('job'),
      progress: () => {
        controller.abort();
      },
    });
    await expect(cancelling).rejects.toMatchObject({ kind: 'CANCELLED' });
    expect(await files()).toEqual([]);
    expect(await readdir(folder)).not.toContain('out');
  });
});
