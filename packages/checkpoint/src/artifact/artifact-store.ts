import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { common } from '@eigenloom/contracts';
import { corruptData, invalidInput, notFound } from '@eigenloom/errors';

import { exists } from '../exists.js';
import { makeFolder } from '../make-folder.js';
import { isObject, readJsonFile } from '../json-file.js';
import {
  MANIFEST_FILE,
  type Manifest,
  type ManifestFile,
  type ManifestSource,
  type WrittenDigests,
  digestOf,
  hashFolder,
  manifestText,
} from './manifest.js';
import { outputExists, publish } from './publish.js';
import { syncFolder } from './sync-folder.js';
import { writeNew } from '../with-file.js';

export interface ArtifactCommit {
  /** Id of the job, without `operations/`. */
  readonly job: string;
  /** Tells the artifacts of one job apart; empty for the main one. */
  readonly part?: string;
  /** Absolute path outside the store, from `UriResolver.resolveTarget`; default: the store. */
  readonly target?: string | undefined;
  /** The artifact's URI in the result when there is a target. */
  readonly targetUri?: string | undefined;
  /** Folder on the target's file system where an artifact that goes there is staged; default: the store's. */
  readonly stages?: string | undefined;
  /** The request's field of the target, for errors. */
  readonly field?: string;
  /** May be a function when it is known only once `write` has run. */
  readonly source: ManifestSource | (() => ManifestSource);
  /** Fills an empty folder; may return what is known of files that it wrote itself, so that they are not read again. */
  readonly write: (staging: string) => Promise<WrittenDigests> | Promise<void>;
  /** Called last before the rename; throws if the job belongs to another worker now. */
  readonly fence?: () => Promise<void>;
  readonly signal?: AbortSignal;
}

const NAME = /^[A-Za-z0-9_-]+$/;
const ARTIFACTS = 'artifacts';
const STAGES = 'stages';
/** One file for each artifact outside the store: where it went and what it was. */
const COMMITS = 'commits';

/**
 * A folder of artifacts. An artifact appears whole or not at all: it is filled and hashed in a staging folder, gets its manifest, is
 * synced, and one rename gives it its place. Errors: `OUTPUT_EXISTS`, `DISK_FULL`, `UNKNOWN_JOB`, `CORRUPT_MANIFEST`.
 */
export class ArtifactStore {
  constructor(private readonly folder: string) {}

  /** Stages, commits and describes an artifact. A job that committed the same part before gets that one; `write` does not run. */
  async commit(request: ArtifactCommit): Promise<common.Artifact> {
    const name = artifactName(request.job, request.part ?? '');
    const place = request.target ?? join(this.folder, ARTIFACTS, name);
    const uri = request.target === undefined ? `job:${name}` : (request.targetUri ?? '');
    const field = request.field ?? 'output_uri';
    const marker = join(this.folder, COMMITS, name);
    const earlier = await this.committedBefore(place, marker, uri, field, request.target !== undefined);
    if (earlier !== undefined) return earlier;
    const stages = request.target === undefined ? undefined : request.stages;
    const staging = await this.stage(name, stages ?? join(this.folder, STAGES));
    try {
      const known = (await request.write(staging)) ?? {};
      request.signal?.throwIfAborted();
      const manifest = await describe(staging, known, request);
      await writeNew(join(staging, MANIFEST_FILE), manifestText(manifest));
      await syncFolder(staging);
      request.signal?.throwIfAborted();
      await request.fence?.();
      if (request.target !== undefined) await this.mark(marker, manifest.digest, place);
      await publish(staging, place, field);
      return toArtifact(uri, manifest);
    } catch (error) {
      await rm(staging, { recursive: true, force: true });
      throw error;
    }
  }

  /** Folder of an artifact by its name in `job:NAME`, wherever it went. */
  async folderOf(name: string, field = 'uri'): Promise<string> {
    const [job = '', part = ''] = name.split('.');
    const full = artifactName(job, part);
    const place = join(this.folder, ARTIFACTS, full);
    if (await exists(place)) return place;
    const marked = await readJsonFile(join(this.folder, COMMITS, full)).catch(() => undefined);
    const target = marked?.['target'];
    if (typeof target === 'string' && (await exists(join(target, MANIFEST_FILE)))) return target;
    throw notFound('UNKNOWN_JOB', `${field}: job:${name} has no artifact`);
  }

  /** Removes what jobs that died left behind. `isAlive` says whether a job may still be working. */
  async removeStaleStages(isAlive: (job: string) => boolean | Promise<boolean>): Promise<string[]> {
    const removed: string[] = [];
    for (const entry of await readdir(join(this.folder, STAGES)).catch(() => [])) {
      const job = entry.split('.')[0] ?? '';
      if (await isAlive(job)) continue;
      await rm(join(this.folder, STAGES, entry), { recursive: true, force: true });
      removed.push(entry);
    }
    return removed;
  }

  private async stage(name: string, folder: string): Promise<string> {
    await makeFolder(join(this.folder, ARTIFACTS));
    await makeFolder(folder);
    // One attempt's staging folder is never another's: a paused worker that wakes up must not write into it.
    const suffix = `${process.pid.toString(36)}${Date.now().toString(36)}${(stages += 1).toString(36)}`;
    const staging = join(folder, `${name}.${suffix}`);
    await mkdir(staging);
    return staging;
  }

  /** An artifact at a target that this very job put there: the marker was written before the rename and holds its digest. */
  private async committedBefore(
    place: string,
    marker: string,
    uri: string,
    field: string,
    outside: boolean,
  ): Promise<common.Artifact | undefined> {
    if (!(await exists(place))) return undefined;
    if (!outside) return readArtifact(place, uri);
    const marked = await readJsonFile(marker).catch(() => undefined);
    if (marked === undefined || !(await exists(join(place, MANIFEST_FILE)))) throw outputExists(field);
    const artifact = await readArtifact(place, uri);
    if (artifact.digest !== marked['digest']) throw outputExists(field);
    return artifact;
  }

  private async mark(marker: string, digest: string, target: string): Promise<void> {
    await makeFolder(join(this.folder, COMMITS));
    await rm(marker, { force: true });
    await writeNew(marker, `${JSON.stringify({ digest, target })}\n`);
  }
}

let stages = 0;

function artifactName(job: string, part: string): string {
  if (!NAME.test(job) || (part !== '' && !NAME.test(part))) {
    throw invalidInput('INVALID_URI', 'job', 'names no job');
  }
  return part === '' ? job : `${job}.${part}`;
}

async function describe(staging: string, known: WrittenDigests, request: ArtifactCommit): Promise<Manifest> {
  const files = await hashFolder(staging, known, request.signal);
  const source = typeof request.source === 'function' ? request.source() : request.source;
  return { ...source, files, digest: digestOf(files) };
}

function toArtifact(uri: string, { digest, files }: Pick<Manifest, 'digest' | 'files'>): common.Artifact {
  return {
    uri,
    digest,
    fileCount: files.length,
    files: files.map(({ path, sizeBytes, sha256 }) => ({ path, sizeBytes: BigInt(sizeBytes), sha256 })),
  };
}

/** Describes an artifact by its manifest. Errors: `CORRUPT_MANIFEST`. */
export async function readArtifact(folder: string, uri: string): Promise<common.Artifact> {
  const manifest = await readJsonFile(join(folder, MANIFEST_FILE));
  const { files, digest } = manifest;
  if (typeof digest !== 'string' || !Array.isArray(files)) throw corruptManifest();
  return toArtifact(uri, { digest, files: files.map(manifestFile) });
}

function manifestFile(entry: unknown): ManifestFile {
  if (!isObject(entry)) throw corruptManifest();
  const { path, size_bytes: sizeBytes, sha256 } = entry;
  if (typeof path !== 'string' || typeof sizeBytes !== 'number' || typeof sha256 !== 'string') {
    throw corruptManifest();
  }
  return { path, sizeBytes, sha256 };
}

const corruptManifest = (): Error =>
  corruptData('CORRUPT_MANIFEST', `${MANIFEST_FILE}: not a manifest`, { details: { file: MANIFEST_FILE } });
