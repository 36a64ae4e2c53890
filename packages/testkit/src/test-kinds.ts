import { analysis, merge } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';
import type { AnyJobKind, JobContext, JobKind } from '@eigenloom/runtime';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const TICK_MS = 20;
const RESULT = 'all.txt';

const pathIn = async (folder: string): Promise<string> =>
  (await stat(folder)).isDirectory() ? join(folder, RESULT) : folder;

/** Waits in ticks that are counted in the scratch folder, as training counts its steps: a later attempt goes on where it was. */
async function waitInTicks(totalMs: number, context: JobContext): Promise<void> {
  const counter = join(context.scratch, 'ticks');
  const saved = await readFile(counter, 'utf8').catch(() => '0');
  for (let tick = Number(saved); tick * TICK_MS < totalMs; tick++) {
    context.progress({ fraction: (tick * TICK_MS) / totalMs, phase: 'waiting', metrics: { tick } });
    await delay(TICK_MS, undefined, { signal: context.signal });
    if (tick % 10 === 0) {
      await context.fence();
      await writeFile(counter, String(tick));
    }
  }
}

/** A merge that joins the files its models name, and takes `task_arithmetic.lambda` milliseconds. */
export const joiningKind: JobKind<'merge'> = {
  kind: 'merge',
  methods: [{ id: 'task_arithmetic', summary: 'joins files', paper: '' }],
  async validate({ method, models }, { resolve }) {
    if (method === undefined) throw invalidInput('METHOD_MISSING', 'method', 'must be set');
    for (const [i, { model }] of models.entries()) {
      await resolve(model?.uri ?? '', `models[${String(i)}].model.uri`);
    }
  },
  estimate: () =>
    Promise.resolve({ durationSeconds: 1, memoryBytes: 2n, diskBytes: 3n, readBytes: 4n, notes: [] }),
  async run({ models, method, outputUri }, context) {
    const totalMs = method?.$case === 'taskArithmetic' ? (method.value.lambda ?? 0) : 0;
    await waitInTicks(totalMs, context);
    const texts: string[] = [];
    for (const { model } of models) {
      texts.push(await readFile(await pathIn(await context.resolve(model?.uri ?? '', 'models')), 'utf8'));
    }
    const model = await context.commit('', outputUri, { inputs: {} }, (staging) =>
      writeFile(join(staging, RESULT), texts.join('')),
    );
    return merge.MergeResponse.fromPartial({ model });
  },
};

/** A merge that hears no signal and never ends. */
export const stubbornKind: JobKind<'merge'> = {
  ...joiningKind,
  async run(_request, { progress }) {
    for (let tick = 0; ; tick++) {
      progress({ fraction: 0, phase: 'waiting', metrics: { tick } });
      await delay(TICK_MS);
    }
  },
};

/** An analysis that counts the bytes of what it reads. */
export const countingKind: JobKind<'analysis'> = {
  kind: 'analysis',
  methods: [{ id: 'spectrum', summary: 'counts bytes', paper: '' }],
  async validate({ model }, { resolve }) {
    await resolve(model?.uri ?? '', 'model.uri');
  },
  estimate: () =>
    Promise.resolve({ durationSeconds: 1, memoryBytes: 1n, diskBytes: 1n, readBytes: 1n, notes: [] }),
  async run({ model, outputUri }, context) {
    const { size } = await stat(await pathIn(await context.resolve(model?.uri ?? '', 'model.uri')));
    const result = await context.commit('', outputUri, { inputs: {} }, (staging) =>
      writeFile(join(staging, RESULT), String(size)),
    );
    return analysis.AnalyzeResponse.fromPartial({ result, tensors: size });
  },
};

/** By the name that a service of tests is started with. */
export const TEST_KINDS: Readonly<Record<string, AnyJobKind>> = {
  merge: joiningKind,
  stubborn: stubbornKind,
  analysis: countingKind,
};

/** A request of the joining kind. */
export function joinRequest(uris: readonly string[], ms = 0): merge.MergeRequest {
  return merge.MergeRequest.fromPartial({
    models: uris.map((uri) => ({ model: { uri } })),
    method: { $case: 'taskArithmetic', value: { lambda: ms } },
  });
}
