import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { FinishedFiles } from '@eigenloom/checkpoint';
import { runOnEngine } from '@eigenloom/engine';
import { EIGENLOOM_VERSION, type JobContext } from '@eigenloom/runtime';

import { pathsOf } from '../plan/model-paths.js';
import type { PlannedInput } from '../plan/planned.js';
import { type MadeInputs, identityOf } from '../run/plan-key.js';
import { denseInputs } from './dense-inputs.js';
import type { FoldTask } from './fold-worker.js';

const WORKER = join(__dirname, 'fold-worker.js');

const isNote = (value: unknown): value is true => value === true;

/**
 * Makes models with adapters ready to be streamed: what adapters change by more than low-rank pairs is folded in a worker thread, one
 * tensor in memory at a time, and written into files of the job's scratch folder, which a later attempt finds again. `name` tells the
 * merges of a job apart. Does nothing where every adapter is made of pairs. Errors: those of the adapters; `DISK_FULL`.
 */
export async function foldInputs(
  name: string,
  inputs: readonly PlannedInput[],
  made: MadeInputs,
  context: JobContext,
): Promise<void> {
  const wanted = denseInputs(inputs).filter(([{ model }]) => model.dense?.path === undefined);
  if (wanted.length === 0) return;
  const { scratch, fence, signal } = context;
  const hash = createHash('sha256').update(EIGENLOOM_VERSION);
  for (const [input] of wanted) {
    hash.update(JSON.stringify([await identityOf(input, made), input.model.dense?.plans]));
  }
  await fence();
  const files = await FinishedFiles.open(join(scratch, 'folded', name), hash.digest('hex'), isNote);
  for (const [index, same] of wanted.entries()) {
    const file = `${index}.safetensors`;
    await finishFile(file, same[0], files, context);
    for (const { model } of same) await model.dense?.open(files.pathOf(file), { signal });
  }
}

/** A file that an earlier attempt wrote, or a new one. */
async function finishFile(
  file: string,
  input: PlannedInput,
  files: FinishedFiles<true>,
  { signal, progress, fence, log }: JobContext,
): Promise<void> {
  const { label } = input;
  const found = await files.find(file, () => {
    log.warn({ model: label, file }, 'folded tensors of an earlier attempt do not match their checksum');
  });
  if (found !== undefined) {
    log.info(
      { model: label, file },
      'tensors that an earlier attempt folded are whole and are not folded again',
    );
    return;
  }
  const path = files.pathOf(file);
  const task = { model: pathsOf(input), output: path, phase: `folding adapters into ${label}` };
  const sha256 = await runOnEngine<FoldTask, string>(WORKER, task, { signal, onProgress: progress });
  await fence();
  const { size: sizeBytes } = await stat(path);
  await files.keep(file, { sha256, sizeBytes, note: true });
}
