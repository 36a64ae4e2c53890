import { jobs as contract } from '@eigenloom/contracts';
import { atPath, corruptData, invalidInput, isAbsent, notFound } from '@eigenloom/errors';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { JobService } from '../jobs/job-service.js';
import type { Served } from './kind-service.js';
import type { Wrap } from './wrap.js';

const NAME = 'eigenloom.jobs.v1.JobsService';
const CHUNK_BYTES = 64 * 1024;

async function* readFile(
  jobs: JobService,
  { name, path, offset }: contract.ReadArtifactFileRequest,
): AsyncGenerator<contract.ReadArtifactFileResponse> {
  const file = await jobs.artifactPath(name, path);
  const info = await stat(file).catch((error: unknown) => {
    if (isAbsent(error)) return undefined;
    throw error;
  });
  if (info?.isFile() !== true) throw notFound('ARTIFACT_FILE_NOT_FOUND', `the artifact has no file ${path}`);
  if (offset > BigInt(info.size)) {
    throw invalidInput('OFFSET_PAST_END', 'offset', `must be at most ${String(info.size)}`);
  }
  let left = info.size - Number(offset);
  try {
    for await (const chunk of createReadStream(file, { start: Number(offset), highWaterMark: CHUNK_BYTES })) {
      left -= (chunk as Buffer).byteLength;
      yield { chunk: chunk as Buffer };
    }
  } catch (error) {
    throw atPath(file, error);
  }
  // An artifact never changes; a reader must not take a part for the whole.
  if (left !== 0) throw corruptData('FILE_CHANGED', `${path}: changed while it was read`);
}

/** Follows jobs and reads what they wrote. */
export function jobsService(jobs: JobService, wrap: Wrap): Served {
  const handlers: contract.JobsServiceServer = {
    watchJob: wrap.serverStream(`${NAME}/WatchJob`, ({ name, afterRevision }, { signal }) =>
      jobs.watch(name, afterRevision, signal),
    ),
    readArtifactFile: wrap.serverStream(`${NAME}/ReadArtifactFile`, (request) => readFile(jobs, request)),
  };
  return { name: NAME, definition: contract.JobsServiceService, handlers };
}
