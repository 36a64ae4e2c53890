import { join } from 'node:path';

import { type AppError, invalidInput } from '@eigenloom/errors';

import { AllowedRoots } from './allowed-roots.js';
import { parseUri } from './parse-uri.js';
import { NOT_FETCHED } from './hub-hint.js';

/** Brings what a remote URI names onto this machine and returns its folder. */
export interface RemoteSource<Location> {
  fetch(location: Location, field: string, signal?: AbortSignal): Promise<string>;
}

export interface HubLocation {
  readonly repository: string;
  readonly revision: string;
}

export interface UriResolverOptions {
  /** Folders that `file:` URIs and bare paths may lead into. Relative ones start at `base`. */
  readonly roots: readonly string[];
  /** Where relative paths start. Default: the working directory. */
  readonly base?: string;
  /** Folder of a job's artifact, for `job:NAME`. */
  readonly jobFolder?: (name: string, field: string) => Promise<string>;
  readonly hub?: RemoteSource<HubLocation>;
}

/**
 * Finds what a URI names. Every path is compared with the allowed folders after symbolic links were followed; call it again
 * when a job begins, for links change. `field` is the request's field, for errors.
 * Errors: `INVALID_URI`, `UNSUPPORTED_URI`, `URI_OUTSIDE_ROOTS`, `FILE_NOT_FOUND`.
 */
export class UriResolver {
  private readonly roots: AllowedRoots;

  constructor(private readonly options: UriResolverOptions) {
    this.roots = new AllowedRoots(options.roots, options.base ?? process.cwd());
  }

  /** Local path of a file or folder that exists, symbolic links followed. */
  async resolve(uri: string, field: string, signal?: AbortSignal): Promise<string> {
    const parsed = parseUri(uri, field);
    switch (parsed.scheme) {
      case 'file':
        return this.roots.existing(parsed.path, field);
      case 'job': {
        if (this.options.jobFolder === undefined) throw unsupported('job', field);
        const folder = await this.options.jobFolder(parsed.name, field);
        return new AllowedRoots([folder], folder).existing(
          parsed.path === '' ? folder : join(folder, parsed.path),
          field,
        );
      }
      case 'hf':
        if (this.options.hub === undefined) throw unsupported('hf', field);
        return this.options.hub.fetch(parsed, field, signal);
      case 's3':
        throw unsupported('s3', field);
    }
  }

  /** Local path for something that will be written. Whether it exists is for the writer to see. */
  async resolveTarget(uri: string, field: string): Promise<string> {
    const parsed = parseUri(uri, field);
    if (parsed.scheme !== 'file') {
      throw invalidInput('UNSUPPORTED_URI', field, `${parsed.scheme}: cannot be written; use file:`);
    }
    return this.roots.future(parsed.path, field);
  }
}

const unsupported = (scheme: string, field: string): AppError => {
  const hint = scheme === 'hf' ? `; ${NOT_FETCHED}` : '';
  return invalidInput('UNSUPPORTED_URI', field, `${scheme}: is not configured here${hint}`);
};
