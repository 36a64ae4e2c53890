import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { dependencyDown, type AppError } from '@eigenloom/errors';

const WORKSPACE = join(__dirname, '..', '..', '..', '..');

/** The packages of a backend that set-up installs on request. */
export class OptionalPackage {
  readonly folder: string;
  readonly #require: NodeJS.Require;

  /** `setting` names the environment variable that overrides where set-up puts the packages. */
  constructor(
    private readonly backend: 'tensorflow' | 'webgpu',
    setting: 'EIGENLOOM_TENSORFLOW' | 'EIGENLOOM_WEBGPU',
  ) {
    const cache = environment('EIGENLOOM_CACHE') ?? join(WORKSPACE, '.cache');
    this.folder = resolve(environment(setting) ?? join(cache, backend));
    if (!existsSync(join(this.folder, 'node_modules'))) {
      throw this.unavailable(
        `is not installed: run \`npm run setup -- ${backend}\`, or set ${setting} to the folder where that was done`,
      );
    }
    this.#require = createRequire(join(this.folder, 'package.json'));
    this.#requireOneCore();
  }

  load(name: string): unknown {
    return this.#attempt(() => this.#require(name) as unknown);
  }

  /** For an ES module. */
  async import(name: string): Promise<unknown> {
    const path = this.#attempt(() => this.#require.resolve(name));
    return import(path);
  }

  /** Not installed, or nothing there to run on. */
  unavailable(why: string, cause?: unknown): AppError {
    return dependencyDown('BACKEND_UNAVAILABLE', `backend ${this.backend} ${why}`, {
      retryable: false,
      cause,
    });
  }

  // Tensors of one copy of tfjs-core are unknown to another, and each copy has its own current backend.
  #requireOneCore(): void {
    const core = '@tensorflow/tfjs-core';
    const theirs = this.#attempt(() => this.#require.resolve(core));
    if (theirs !== require.resolve(core)) throw this.#defective('has a tfjs-core of its own');
  }

  #attempt<T>(load: () => T): T {
    try {
      return load();
    } catch (error) {
      throw this.#defective('does not load', error);
    }
  }

  #defective(why: string, cause?: unknown): AppError {
    const message = `backend ${this.backend} ${why}: remove its folder and run \`npm run setup -- ${this.backend}\` again`;
    return dependencyDown('BACKEND_DEFECTIVE', message, { retryable: false, cause });
  }
}

// Set to nothing is not set, as for every setting.
function environment(name: string): string | undefined {
  const value = process.env[name];
  return value === '' ? undefined : value;
}
