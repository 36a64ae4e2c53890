import { analysis, merge } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';
import type { AnyJobKind, JobContext, JobKind } from '@eigenloom/runtime';
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Gate, isOpen } from './gate.js';

const TICK_MS = 20;
const TICKS_SAVED_TOGETHER = 10;
const RESULT = 'all.txt';

const pathIn = async (folder: string): Promise<string> =>
  (await stat(folder)).isDirectory() ? join(folder, RESULT) : folder;

/**
 * Waits for a gate in ticks that are counted in the scratch folder, as training counts its steps: a later attempt goes on where it
 * was. Its progress says in which attempt it is, at which tick that began, and the tick.
 */
async function waitAt(gate: string, context: JobContext): Promise<void> {
  const counter = join(context.scratch, 'ticks');
  const resumedAt = Number(await readFile(counter, 'utf8').catch(() => '0'));
  for (let tick = resumedAt; !(await isOpen(gate)); tick += 1) {
    const metrics = { attempt: context.attempt, resumed_at: resumedAt, tick };
    context.progress({ phase: 'waiting', metrics });
    await delay(TICK_MS, undefined, { signal: context.signal });
    if (tick % TICKS_SAVED_TOGETHER > 0) continue;
    await context.fence();
    await writeFile(`${counter}.new`, String(tick));
    await rename(`${counter}.new`, counter);
  }
}

/** A merge that joins the files its models name, once the gate that its base names is open. */
export const joiningKind: JobKind<'merge'> = {
  kind: 'merge',
  methods: [{ id: 'task_arithmetic', summary: 'joins files', paper: '', deviations: '', field: 'method' }],
  async validate({ method, models, base }, { resolve }) {
    if (method === undefined) throw invalidInput('METHOD_MISSING', 'method', 'must be set');
    for (const [i, { model }] of models.entries()) {
      await resolve(model?.uri ?? '', `models[${String(i)}].model.uri`);
    }
    if (base !== undefined) await resolve(base.uri, 'base.uri');
  },
  estimate: () =>
    Promise.resolve({ durationSeconds: 1, memoryBytes: 2n, diskBytes: 3n, readBytes: 4n, notes: [] }),
  async run({ models, base, outputUri }, context) {
    if (base !== undefined) await waitAt(await context.resolve(base.uri, 'base.uri'), context);
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

const countedUri = ({ kind }: analysis.Study = { kind: undefined }): string =>
  (kind?.$case === 'spectrum' ? kind.value.model?.uri : undefined) ?? '';

/** An analysis that counts the bytes of what it reads. */
export const countingKind: JobKind<'analysis'> = {
  kind: 'analysis',
  methods: [{ id: 'spectrum', summary: 'counts bytes', paper: '', deviations: '', field: 'study' }],
  async validate({ study }, { resolve }) {
    await resolve(countedUri(study), 'spectrum.model.uri');
  },
  estimate: () =>
    Promise.resolve({ durationSeconds: 1, memoryBytes: 1n, diskBytes: 1n, readBytes: 1n, notes: [] }),
  async run({ study, outputUri }, context) {
    const { size } = await stat(await pathIn(await context.resolve(countedUri(study), 'spectrum.model.uri')));
    const result = await context.commit('', outputUri, { inputs: {} }, (staging) =>
      writeFile(join(staging, RESULT), String(size)),
    );
    return analysis.AnalyzeResponse.fromPartial({ result, metrics: { bytes: size } });
  },
};

/** By the name that a service of tests is started with. */
export const TEST_KINDS: Readonly<Record<string, AnyJobKind>> = {
  merge: joiningKind,
  stubborn: stubbornKind,
  analysis: countingKind,
};

/** A request of the joining kind, whose job lasts until the gate is opened. */
export function joinRequest(uris: readonly string[], gate?: Gate): merge.MergeRequest {
  return merge.MergeRequest.fromPartial({
    models: uris.map((uri) => ({ model: { uri } })),
    ...(gate && { base: { uri: gate.uri } }),
    method: { kind: { $case: 'taskArithmetic', value: {} } },
  });
}
