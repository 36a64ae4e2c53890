import { internal } from '@eigenloom/errors';
import type {
  ArtifactParts,
  JobsClient,
  JobUpdate,
  KindName,
  RequestOf,
  ResponseOf,
} from '@eigenloom/runtime';
import { begin } from './begin-job.js';
import { createProgress, snapshotOf } from './progress/index.js';

/**
 * Follows a job with a progress display until it is done. When the signal aborts, the job is cancelled and followed to its end, or
 * left alone.
 */
export async function follow(
  client: JobsClient,
  name: string,
  signal: AbortSignal,
  onAbort: 'cancel' | 'leave' = 'cancel',
): Promise<JobUpdate> {
  let progress: ReturnType<typeof createProgress> | undefined;
  let last: JobUpdate | undefined;
  let cancelling: Promise<void> | undefined;
  const cancel = (): void => {
    // A job that is done already cannot be cancelled; how it ended shows in the watch.
    if (onAbort === 'cancel') cancelling = client.cancel(name).catch(() => undefined);
  };
  if (signal.aborted) cancel();
  else signal.addEventListener('abort', cancel, { once: true });
  try {
    for await (const update of client.watch(name, onAbort === 'leave' ? { signal } : {})) {
      last = update;
      const { metadata } = update;
      progress ??= createProgress(process.stderr, `${metadata.kind} ${metadata.method}`.trim());
      progress.update(snapshotOf(metadata));
    }
  } finally {
    progress?.stop();
    signal.removeEventListener('abort', cancel);
    await cancelling;
  }
  if (onAbort === 'leave') signal.throwIfAborted();
  if (last?.done !== true) throw internal('WATCH_ENDED', 'the watch ended before the job');
  return last;
}

/** A submitted job that succeeded. */
export interface Finished<K extends KindName> {
  readonly name: string;
  readonly response: ResponseOf[K];
  readonly artifacts: ArtifactParts;
}

/** Submits a request and follows it to its end; throws the error that it ends with. */
export async function runJob<K extends KindName>(
  client: JobsClient,
  kind: K,
  request: RequestOf[K],
  signal: AbortSignal,
): Promise<Finished<K>> {
  signal.throwIfAborted();
  const submitted = await begin(client, kind, request, signal);
  const { name } = submitted;
  const { error, result, artifacts } = submitted.done ? submitted : await follow(client, name, signal);
  if (error !== undefined) throw error;
  if (result?.kind !== kind) throw internal('RESULT_MISSING', 'the job has no result of its kind');
  return { name, response: result.response as ResponseOf[K], artifacts };
}
