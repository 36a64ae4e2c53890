import { JobStore, parseOperationName } from '@eigenloom/runtime/dist/jobs/job-store.js';
import { openNats } from '@eigenloom/runtime/dist/serve/nats-backbone.js';
import { pino } from 'pino';

/**
 * Makes it as though the worker of a job had been silent for the whole of its lease, so that another takes the job. The leases of
 * tests last longer than any machine is slow, so they end by this alone.
 */
export async function expireLease(natsUrl: string, name: string): Promise<void> {
  const { kv, ready, close } = openNats(natsUrl, pino({ level: 'silent' }));
  try {
    await ready(new AbortController().signal);
    await new JobStore(kv).update(parseOperationName(name), (record) => {
      if (record.lease === undefined) throw new Error(`${name} has no lease`);
      return { ...record, lease: { ...record.lease, durationMs: 0 } };
    });
  } finally {
    await close();
  }
}
