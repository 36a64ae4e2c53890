import { lstat, readdir, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, resolve, sep } from 'node:path';

import { invalidInput, isAbsent, isErrno, notFound, systemError } from '@eigenloom/errors';

import { blobsOf, snapshotPath } from '../model/hub-cache.js';
import { hubHint } from './hub-hint.js';

/** The folders that URIs may lead into. Symbolic links are followed before a path is compared with them. */
export class AllowedRoots {
  private readonly roots: readonly string[];

  /** `base`: where relative paths start. */
  constructor(
    roots: readonly string[],
    private readonly base: string,
  ) {
    this.roots = roots.map((root) => resolve(base, root));
  }

  /**
   * The real path of something that exists; of a file in a snapshot of the hub's cache, the path that names it. Errors:
   * `URI_OUTSIDE_ROOTS`, `FILE_NOT_FOUND`, the system's.
   */
  async existing(path: string, field: string): Promise<string> {
    const absolute = await this.lexical(path, field);
    let real: string;
    try {
      real = await realpath(absolute);
    } catch (cause) {
      await this.checkAncestor(absolute, path, field);
      const hint = await hubHint(absolute, field);
      throw notFound('FILE_NOT_FOUND', `${field}: ${shown(path)} does not exist${hint}`, { cause });
    }
    await this.checkReal(real, field);
    await this.checkBlobs(real, field);
    const named = await snapshotPath(absolute, real);
    if (named !== undefined) await this.checkReal(dirname(named), field);
    return named ?? real;
  }

  /** The path of something that may not exist yet; what exists of it lies inside. Errors: `URI_OUTSIDE_ROOTS`. */
  async future(path: string, field: string): Promise<string> {
    const absolute = await this.lexical(path, field);
    await this.checkAncestor(absolute, path, field);
    return absolute;
  }

  /** Before the file system is asked: a path that is outside by its text must not show whether it exists. */
  private async lexical(path: string, field: string): Promise<string> {
    const absolute = isAbsolute(path) ? resolve(path) : resolve(this.base, path);
    for (const root of this.roots) {
      if (isInside(absolute, root) || isInside(absolute, await realOrSame(root))) return absolute;
    }
    throw outside(field);
  }

  /** What exists of a path lies inside; only then is it told why the system does not give the rest. */
  private async checkAncestor(absolute: string, path: string, field: string): Promise<void> {
    let real: string | undefined;
    const refused: unknown[] = [];
    for (let at = absolute; real === undefined; at = dirname(at)) {
      real = await realpath(at).catch((error: unknown) => {
        if (!isAbsent(error)) refused.push(error);
        return undefined;
      });
      const loops = isErrno(refused.at(-1), 'ELOOP');
      // What has no real path and is still there is a link to nothing, which may lead anywhere later, or to what may not be seen.
      if (real === undefined && !loops && (await isLink(at))) throw outside(field);
      if (at === dirname(at)) break;
    }
    await this.checkReal(real ?? sep, field);
    const [first] = refused;
    if (first === undefined) return;
    const { code = '' } = first as NodeJS.ErrnoException;
    throw systemError(code, { name: `${field}: ${shown(path)}`, cause: first });
  }

  /** Files of a snapshot may link to its repository's blobs, which must be inside too where one does. */
  private async checkBlobs(real: string, field: string): Promise<void> {
    const blobs = blobsOf(real);
    if (blobs === undefined || (await this.isAllowed(blobs))) return;
    const entries = await readdir(real, { withFileTypes: true, recursive: true }).catch(() => []);
    if (entries.some((entry) => entry.isSymbolicLink())) throw outside(field);
  }

  private async checkReal(real: string, field: string): Promise<void> {
    if (!(await this.isAllowed(real))) throw outside(field);
  }

  private async isAllowed(real: string): Promise<boolean> {
    for (const root of this.roots) {
      const realRoot = await realOrSame(root);
      // An ancestor of a root that does not exist yet is as good as the root.
      if (isInside(real, realRoot) || (realRoot === root && isInside(root, real) && !(await present(root))))
        return true;
    }
    return false;
  }
}

const isInside = (path: string, root: string): boolean =>
  path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);

const realOrSame = (path: string): Promise<string> => realpath(path).catch(() => path);

const isLink = (path: string): Promise<boolean> =>
  lstat(path).then(
    (found) => found.isSymbolicLink(),
    () => false,
  );

const present = (path: string): Promise<boolean> =>
  realpath(path).then(
    () => true,
    () => false,
  );

const shown = (path: string): string => JSON.stringify(path.slice(0, 200));

const outside = (field: string): Error =>
  invalidInput('URI_OUTSIDE_ROOTS', field, 'leads outside the allowed folders');
