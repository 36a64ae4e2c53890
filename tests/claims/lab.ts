import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { readReport, type Report } from '@eigenloom/report';
import { contractOf, type JobsClient, requestFromObject, startEmbedded } from '@eigenloom/runtime';
import type { ServiceKind } from '@eigenloom/contracts';
import { analysisKind } from '@eigenloom/analysis-service';
import { initKind } from '@eigenloom/init-service';
import { mergeKind } from '@eigenloom/merge-service';
import { trainKind } from '@eigenloom/train-service';
import type { Size } from './claim.js';

/** What a job made. */
export interface Made {
  /** Its artifact's folder. */
  readonly folder: string;
  readonly report: Report;
}

/** Where an experiment runs: the public API over a folder of its own. */
export class Lab {
  #made = 0;

  private constructor(
    readonly size: Size,
    /** Empty at first. */
    readonly folder: string,
    private readonly client: JobsClient,
    readonly signal: AbortSignal,
    /** Says what is going on. */
    readonly say: (text: string) => void,
  ) {}

  static async open(
    folder: string,
    size: Size,
    signal: AbortSignal,
    say: (text: string) => void,
  ): Promise<Lab> {
    await mkdir(folder, { recursive: true });
    const kinds = [initKind, trainKind, mergeKind, analysisKind];
    const client = await startEmbedded({ kinds, dataFolder: join(folder, 'jobs'), roots: ['/'] });
    return new Lab(size, folder, client, signal, say);
  }

  /** Of the seeds from 1 on, as many as an experiment wants; one where only its mechanics are tried. */
  seeds(count: number): readonly number[] {
    return Array.from({ length: this.size === 'full' ? count : 1 }, (_, i) => i + 1);
  }

  /** One of two numbers, by the size of the experiment. */
  pick<T>(full: T, tiny: T): T {
    return this.size === 'full' ? full : tiny;
  }

  /** Runs one job to its end; the request is in the form of a recipe, without an output. Throws the job's error. */
  async run(kind: ServiceKind, request: object): Promise<Made> {
    const folder = this.path(`${String((this.#made += 1)).padStart(3, '0')}-${kind}`);
    const plain: unknown = JSON.parse(JSON.stringify({ ...request, outputUri: folder }));
    const { name } = await this.client.submit(kind, requestFromObject<ServiceKind>(kind, plain));
    const cancel = (): void => void this.client.cancel(name).catch(() => undefined);
    this.signal.addEventListener('abort', cancel, { once: true });
    try {
      const { error, result } = await this.client.wait(name);
      if (error !== undefined) throw error;
      if (result === undefined) throw new Error(`${name} has no result: ${contractOf(kind).responseType}`);
    } finally {
      this.signal.removeEventListener('abort', cancel);
    }
    return { folder, report: await readReport(folder) };
  }

  /** A path in the experiment's folder. */
  path(name: string): string {
    return join(this.folder, name);
  }

  close(): Promise<void> {
    return this.client.close();
  }
}
