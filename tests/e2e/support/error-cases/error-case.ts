import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Service } from '../grpc.js';
import { writeTinyBert } from '../tiny-bert.js';

/** One way in which a request can fail, and what it looks like from outside. */
export interface ErrorCase {
  /** What is wrong, for the guide. */
  readonly title: string;
  readonly service: Service;
  /** Makes what the request reads, in an empty folder. */
  prepare(folder: string): Promise<void>;
  /** Recipe of the request; paths are relative to the folder of `prepare`. */
  readonly request: Readonly<Record<string, unknown>>;
  /** Fields that a client sends instead of those of `request`. */
  readonly wireRequest?: (folder: string) => Readonly<Record<string, unknown>>;
  /** Where a client of a server asks for the result; default: `out`. */
  readonly wireOutput?: string;
  /** Command line instead of one with `recipe.json`. */
  readonly commandLine?: readonly string[];
  /** The command asks the server, whose files are limited. */
  readonly throughServer?: boolean;
  /** Name of the gRPC status, or undefined where the mistake cannot reach a server. */
  readonly code: string | undefined;
  readonly reason: string;
  readonly exitStatus: number;
  /** The line on standard error, after `eigenloom: `. */
  readonly message: RegExp;
}

export const goodModel = (folder: string): Promise<void> => writeTinyBert(join(folder, 'model'));
export const nothing = (): Promise<void> => Promise.resolve();

/** A good model and a file beside it. */
export const modelWithFile =
  (name: string, content: string) =>
  async (folder: string): Promise<void> => {
    await goodModel(folder);
    await writeFile(join(folder, name), content);
  };

/** Replaces the weights of a good model. */
export const withWeights =
  (bytes: (good: Buffer) => Buffer) =>
  async (folder: string): Promise<void> => {
    await goodModel(folder);
    const path = join(folder, 'model/model.safetensors');
    await writeFile(path, bytes(await readFile(path)));
  };
