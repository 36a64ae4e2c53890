import { conflict, invalidInput, notFound } from '@eigenloom/errors';
import type { KeyValueStore } from '../kv/key-value-store.js';
import { decodeRecord, encodeRecord, type JobRecord, operationName, type StoredJob } from './record.js';

export const JOB_PREFIX = 'job.';
const ID = /^[A-Za-z0-9_-]{1,120}$/;
/** Losing a compare-and-set this often in a row means something writes in a loop. */
const MAX_CONFLICTS = 50;

/** Id of `operations/ID`; `field` names the request's field for the error. */
export function parseOperationName(name: string, field = 'name'): string {
  const id = name.startsWith('operations/') ? name.slice('operations/'.length) : '';
  if (!ID.test(id))
    throw invalidInput(
      'OPERATION_NAME_INVALID',
      field,
      `must be operations/ID, and ${JSON.stringify(name.slice(0, 80))} is not`,
    );
  return id;
}

/** The next record, or undefined to leave it. May be called again with a newer record. */
export type Change = (record: JobRecord, revision: number) => JobRecord | undefined;

/** Job records in the key-value store. */
export class JobStore {
  constructor(private readonly kv: KeyValueStore) {}

  /** The new record, or undefined when the id is taken. */
  async create(record: JobRecord): Promise<StoredJob | undefined> {
    const revision = await this.kv.create(JOB_PREFIX + record.id, encodeRecord(record));
    return revision === undefined ? undefined : { record, revision };
  }

  async find(id: string): Promise<StoredJob | undefined> {
    const entry = await this.kv.get(JOB_PREFIX + id);
    return entry && { record: decodeRecord(entry.value), revision: entry.revision };
  }

  /** Throws NOT_FOUND `OPERATION_NOT_FOUND`. */
  async get(id: string): Promise<StoredJob> {
    const job = await this.find(id);
    if (job === undefined) {
      throw notFound('OPERATION_NOT_FOUND', `${operationName(id)} does not exist`);
    }
    return job;
  }

  /**
   * Applies `change` to the current record until it wins the compare-and-set. When `change` returns undefined nothing is written
   * and the current record is the result.
   */
  async update(id: string, change: Change): Promise<StoredJob> {
    for (let lost = 0; lost < MAX_CONFLICTS; lost++) {
      const current = await this.get(id);
      const next = change(current.record, current.revision);
      if (next === undefined) return current;
      const revision = await this.kv.update(JOB_PREFIX + id, encodeRecord(next), current.revision);
      if (revision !== undefined) return { record: next, revision };
    }
    throw conflict('RECORD_CONTENDED', `${operationName(id)} changes too often`);
  }

  async list(after: string, limit: number): Promise<StoredJob[]> {
    const entries = await this.kv.list(JOB_PREFIX, { after: JOB_PREFIX + after, limit });
    return entries.map(({ value, revision }) => ({ record: decodeRecord(value), revision }));
  }

  delete(id: string): Promise<void> {
    return this.kv.delete(JOB_PREFIX + id);
  }
}
