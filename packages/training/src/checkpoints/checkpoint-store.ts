import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncPath, writeNew } from '@eigenloom/checkpoint';
import { incompatible } from '@eigenloom/errors';
import { sha256File } from '@eigenloom/numeric';
import type { RunState } from '../loop/run-state.js';
import type { NamedTensors } from './named-tensors.js';
import { readTensors, writeTensors } from './tensor-file.js';

/** A run as it stood after a step. */
export interface TrainingCheckpoint {
  readonly state: RunState;
  /** Parameters, the optimiser's state and the objective's, by name. */
  readonly tensors: NamedTensors;
  /** Parameters of the best evaluation, when they are kept. */
  readonly best: NamedTensors | null;
}

/** What a run is bound to. */
export interface RunIdentity {
  /** Of the plan; checkpoints of other plans are passed over. */
  readonly fingerprint: string;
  /** SHA-256 of the files that are read, by role and file name; a checkpoint is not gone on with when one has changed. */
  readonly inputs: Readonly<Record<string, string>>;
}

interface CheckpointRecord extends RunIdentity {
  readonly state: RunState;
  /** SHA-256 by file name. */
  readonly files: Readonly<Record<string, string>>;
}

const TENSORS = 'tensors.safetensors';
const BEST = 'best.safetensors';
const RECORD = 'state.json';
const NAME = /^step-(\d{9})$/;
const KEPT = 2;
/** Changed files that a message names. */
const NAMED = 4;

/**
 * Checkpoints of one run in a folder: `step-NNNNNNNNN/` with safetensors and `state.json`. Each is written under another name,
 * synced, then renamed, so that a folder with the right name is whole; checksums tell one that was damaged later. The two
 * newest are kept, so that the older serves when the newer is damaged.
 */
export class CheckpointStore {
  constructor(
    private readonly folder: string,
    private readonly run: RunIdentity,
  ) {}

  /** `fence` runs last before the checkpoint gets its name. */
  async write(checkpoint: TrainingCheckpoint, fence: () => Promise<void>): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    const name = `step-${String(checkpoint.state.step).padStart(9, '0')}`;
    const staging = join(this.folder, `.${name}.${randomUUID()}`);
    await mkdir(staging);
    try {
      await this.#fill(staging, checkpoint);
      await fence();
      const final = join(this.folder, name);
      // The step may have been written before: by this run ahead of a fallback, or by a worker that lost the job.
      await rm(final, { recursive: true, force: true });
      await rename(staging, final);
      await syncPath(this.folder);
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
    await this.#prune();
  }

  /**
   * The newest checkpoint that is whole; `onDamaged` hears of those passed over. Errors: `INPUT_CHANGED`, naming the files whose content
   * is not what the checkpoint was trained on.
   */
  async newest(onDamaged: (name: string) => void = () => undefined): Promise<TrainingCheckpoint | null> {
    for (const name of (await this.#names()).reverse()) {
      const read = await this.#read(join(this.folder, name)).catch(() => undefined);
      if (read === undefined) onDamaged(name);
      else if (read !== null) {
        this.#requireSameInputs(read.inputs, read.state.step);
        return read;
      }
    }
    return null;
  }

  #requireSameInputs(then: RunIdentity['inputs'], step: number): void {
    const { inputs: now } = this.run;
    const names = [...new Set([...Object.keys(then), ...Object.keys(now)])];
    const changed = names.filter((name) => then[name] !== now[name]).sort();
    if (changed.length === 0) return;
    const shown = changed.slice(0, NAMED).join(', ') + (changed.length > NAMED ? ', …' : '');
    throw incompatible(
      'INPUT_CHANGED',
      `cannot go on from the checkpoint of step ${step}: the content of ${shown} has changed since; put it back, or train anew as another job`,
    );
  }

  async #fill(folder: string, { state, tensors, best }: TrainingCheckpoint): Promise<void> {
    const files: Record<string, string> = {};
    for (const [file, values] of [
      [TENSORS, tensors],
      [BEST, best],
    ] as const) {
      if (values === null) continue;
      await writeTensors(join(folder, file), values);
      files[file] = await sha256File(join(folder, file));
    }
    await writeRecord(join(folder, RECORD), { ...this.run, state, files });
    await syncPath(folder);
  }

  async #read(folder: string): Promise<(TrainingCheckpoint & Pick<RunIdentity, 'inputs'>) | null> {
    const record = await readRecord(join(folder, RECORD));
    if (record.fingerprint !== this.run.fingerprint) return null;
    for (const [file, expected] of Object.entries(record.files)) {
      if ((await sha256File(join(folder, file))) !== expected)
        throw new Error(`${file} does not match its checksum`);
    }
    return {
      inputs: record.inputs,
      state: record.state,
      tensors: await readTensors(join(folder, TENSORS)),
      best: BEST in record.files ? await readTensors(join(folder, BEST)) : null,
    };
  }

  async #names(): Promise<string[]> {
    const entries = await readdir(this.folder).catch(() => []);
    return entries.filter((name) => NAME.test(name)).sort();
  }

  async #prune(): Promise<void> {
    // Hidden folders were left behind by a worker that died while writing.
    const staged = (await readdir(this.folder)).filter((name) => name.startsWith('.step-'));
    for (const name of [...(await this.#names()).slice(0, -KEPT), ...staged]) {
      await rm(join(this.folder, name), { recursive: true, force: true });
    }
  }
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

async function writeRecord(path: string, record: CheckpointRecord): Promise<void> {
  const body = JSON.stringify(record);
  await writeNew(path, `{"sha256":"${digest(body)}","record":${body}}\n`);
}

async function readRecord(path: string): Promise<CheckpointRecord> {
  const { sha256, record } = JSON.parse(await readFile(path, 'utf8')) as {
    sha256: string;
    record: CheckpointRecord;
  };
  // JSON.stringify of what JSON.parse gave is the text that was written: numbers and strings make the round trip.
  if (digest(JSON.stringify(record)) !== sha256) throw new Error(`${RECORD} does not match its checksum`);
  return record;
}
