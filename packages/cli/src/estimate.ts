import type { common } from '@eigenloom/contracts';
import { internal } from '@eigenloom/errors';
import type { JobsClient, KindName, RequestOf } from '@eigenloom/runtime';
import { formatBytes, formatSeconds } from './progress/text.js';

/** Validates a request without running it and returns its price. */
export async function estimate<K extends KindName>(
  client: JobsClient,
  kind: K,
  request: RequestOf[K],
  signal: AbortSignal,
): Promise<common.Estimate> {
  const view = await client.submit(kind, { ...request, validateOnly: true }, signal);
  if (view.error !== undefined) throw view.error;
  if (view.estimate === undefined) throw internal('RESULT_MISSING', 'the estimate is missing');
  return view.estimate;
}

/** One line for a person. */
export function describeEstimate(price: common.Estimate): string {
  return [
    `about ${formatSeconds(price.durationSeconds)}`,
    `${formatBytes(price.memoryBytes)} of memory`,
    `${formatBytes(price.diskBytes)} on disk`,
    `${formatBytes(price.readBytes)} to read`,
  ].join(', ');
}
