import { join, resolve } from 'node:path';

import { prepareData, type PreparedTask } from '@eigenloom/demo/dist/data/prepare.js';
import { runOnEngine } from '@eigenloom/engine';
import { mergeKind } from '@eigenloom/merge-service';
import { type JobsClient, requestFromObject, type ResponseOf, startEmbedded } from '@eigenloom/runtime';
import { trainKind } from '@eigenloom/train-service';

import type { ScoreInput } from './score-module.js';

export const MODEL = resolve('.cache/models/all-MiniLM-L6-v2');
const MODULE = join(__dirname, 'score-module.js');
const MAX_LENGTH = 48;
const STEPS = 40;
const SIZES = { train: 1200, validation: 200, test: 400 };

/** The settings that all searches share. */
export const TEXTS = { batching: { batch_size: 32, max_length: MAX_LENGTH } };

export type Split = 'validation' | 'test';

/** The services, in process, with the two tasks of the demo for one seed. */
export class Workshop {
  private constructor(
    readonly folder: string,
    private readonly client: JobsClient,
    readonly tasks: readonly PreparedTask[],
    private readonly seed: number,
  ) {}

  static async open(folder: string, seed: number): Promise<Workshop> {
    const tasks = await prepareData(join(folder, 'data'), {
      sizes: SIZES,
      splitSeed: seed,
      speechLabel: 'period',
      speechGrouping: 'speech',
    });
    const roots = [MODEL, folder];
    const client = await startEmbedded({
      kinds: [trainKind, mergeKind],
      dataFolder: join(folder, 'jobs'),
      roots,
    });
    return new Workshop(folder, client, tasks, seed);
  }

  close(): Promise<void> {
    return this.client.close();
  }

  /** Fine-tunes the whole model, a short run, and returns its folder. */
  async train(task: PreparedTask, name: string, learningRate: number, variant: number): Promise<string> {
    const out = join(this.folder, name);
    const request = requestFromObject('train', {
      model: { uri: MODEL },
      train_data: { uri: task.files.train },
      sequence_classification: { labels: task.labels },
      optimizer: { learning_rate: learningRate },
      schedule: { warmup_steps: STEPS / 10 },
      batching: { batch_size: 16, max_length: MAX_LENGTH },
      max_steps: STEPS,
      checkpoint_steps: STEPS,
      seed: 10 * this.seed + variant,
      full: {},
      output_uri: out,
    });
    await this.#run('train', request);
    return out;
  }

  /** Merges and returns the response with the folder of the result. */
  async merge(name: string, body: object): Promise<ResponseOf['merge'] & { readonly out: string }> {
    const out = join(this.folder, name);
    const request = requestFromObject('merge', { ...body, seed: this.seed, output_uri: out });
    return { ...(await this.#run('merge', request)), out };
  }

  score(model: string, head: string, task: PreparedTask, split: Split): Promise<number> {
    const input = { model, head, data: task.files[split], labels: task.labels, maxLength: MAX_LENGTH };
    return runOnEngine<ScoreInput, number>(MODULE, input);
  }

  async #run<K extends 'train' | 'merge'>(
    kind: K,
    request: Parameters<JobsClient['submit']>[1],
  ): Promise<ResponseOf[K]> {
    const { name } = await this.client.submit(kind, request as never);
    const { error, result } = await this.client.wait(name);
    if (error !== undefined) throw error;
    return result?.response as ResponseOf[K];
  }
}
