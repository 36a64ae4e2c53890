import { conflict } from '@eigenloom/errors';
import type { JobsClient, JobView, KindName, LocalJobs, RequestOf } from '@eigenloom/runtime';
import { note } from './output.js';
import { snapshotOf } from './progress/index.js';
import { describeLeft } from './progress/text.js';

export const isLocal = (client: JobsClient): client is LocalJobs => 'resume' in client;

export const shortName = (name: string): string => name.replace(/^operations\//, '');

async function resume(client: LocalJobs, { name, metadata }: JobView): Promise<JobView> {
  const view = await client.resume(name);
  note(`resuming ${name}, whose process ended ${describeLeft(snapshotOf(metadata))}`);
  return view;
}

/** An interrupted job is neither forgotten nor, since it may take hours, done before what was asked for. */
function noteInterrupted({ name, metadata }: JobView): void {
  const id = shortName(name);
  const what = `${metadata.kind} ${metadata.method}`.trim();
  note(
    `${name} (${what}) was interrupted ${describeLeft(snapshotOf(metadata))}: go on with it by eigenloom jobs resume ${id}, or give it up by eigenloom jobs cancel ${id}`,
  );
}

/**
 * Submits a request, unless a job that asks for the same was interrupted: then that goes on. Throws CONFLICT `JOB_RUNS_ELSEWHERE` when
 * another process makes the same output now.
 */
export async function begin<K extends KindName>(
  client: JobsClient,
  kind: K,
  request: RequestOf[K],
  signal: AbortSignal,
): Promise<JobView> {
  if (!isLocal(client)) return client.submit(kind, request, signal);
  const unfinished = request.requestId === '' ? await client.unfinished(kind, request) : [];
  const interrupted = unfinished.filter(({ process }) => process === undefined);
  const left = interrupted.find(({ same }) => same);
  if (left !== undefined) return resume(client, left.view);
  const running = unfinished.find(({ same, process }) => same && process !== undefined);
  if (running?.process !== undefined && request.outputUri !== '') {
    const { name } = running.view;
    const { pid, host } = running.process;
    throw conflict(
      'JOB_RUNS_ELSEWHERE',
      `process ${pid} on ${host} does the same now, as ${name}; follow it with: eigenloom jobs watch ${shortName(name)}`,
      { retryable: false },
    );
  }
  for (const { view } of interrupted) noteInterrupted(view);
  const view = await client.submit(kind, request, signal);
  return view.interrupted === true ? resume(client, view) : view;
}
