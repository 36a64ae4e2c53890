import {
  type JetStreamClient,
  type JetStreamManager,
  JetStreamApiCodes,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type StreamInfo,
  jetstream,
  jetstreamManager,
} from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { nanos, type NatsConnection } from '@nats-io/transport-node';

/** The stream of all events. */
export const STREAM = 'EIGENLOOM';
const BUCKET = 'eigenloom';
/** The stream that NATS keeps a bucket in. */
const BUCKET_STREAM = `KV_${BUCKET}`;
const DAY_MS = 86_400_000;
/** Copies of an event within this time are dropped. */
const DUPLICATES_MS = 600_000;
/** An answer that takes longer will not come in time for the caller. */
const ANSWER_MS = 3_000;

/** What the bus and the store need of one connection. */
export interface NatsLayout {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly client: JetStreamClient;
  readonly bucket: KV;
}

/** Which stream and bucket stand: the same while nobody has made them anew. */
export interface LayoutIdentity {
  readonly events: string;
  readonly records: string;
  /** Of the last write to the bucket. */
  readonly lastRevision: number;
}

/** What had to be made. */
export interface Made {
  readonly events: boolean;
  readonly records: boolean;
}

/** Opens a connection's JetStream. Fails where NATS has none. */
export async function openLayout(connection: NatsConnection): Promise<NatsLayout> {
  const manager = await jetstreamManager(connection, { timeout: ANSWER_MS });
  const client = jetstream(connection, { timeout: ANSWER_MS });
  return { connection, manager, client, bucket: await openBucket(client) };
}

/** Makes the stream and the bucket where they are missing, and says which ones stand there now. */
export async function ensureLayout({
  client,
  manager,
}: NatsLayout): Promise<{ identity: LayoutIdentity; made: Made }> {
  const [foundEvents, foundRecords] = await Promise.all([
    find(manager, STREAM),
    find(manager, BUCKET_STREAM),
  ]);
  if (foundRecords === undefined) await openBucket(client);
  const events = foundEvents ?? (await manager.streams.add({ ...FIXED, ...CONFIG }));
  const records = foundRecords ?? (await manager.streams.info(BUCKET_STREAM));
  return {
    identity: {
      events: events.created,
      records: records.created,
      lastRevision: records.state.last_seq,
    },
    made: { events: foundEvents === undefined, records: foundRecords === undefined },
  };
}

/** Writes to the stream and to the bucket: a server whose disk is full answers questions and keeps nothing. */
export async function probeWrites({ client, bucket }: NatsLayout): Promise<void> {
  await Promise.all([bucket.put('probe', new Uint8Array()), client.publish('eigenloom.probe')]);
}

/** Brings the settings of the stream, which an earlier version may have made, up to date. */
export async function updateStream({ manager }: NatsLayout): Promise<void> {
  await manager.streams.update(STREAM, CONFIG);
}

const FIXED = { name: STREAM, retention: RetentionPolicy.Limits, storage: StorageType.File };
const CONFIG = {
  subjects: ['eigenloom.>'],
  max_age: nanos(7 * DAY_MS),
  duplicate_window: nanos(DUPLICATES_MS),
};

async function find(manager: JetStreamManager, stream: string): Promise<StreamInfo | undefined> {
  try {
    return await manager.streams.info(stream);
  } catch (error) {
    if (isApiError(error) && error.code === JetStreamApiCodes.StreamNotFound) return undefined;
    throw error;
  }
}

/** Makes the bucket where it is missing. */
function openBucket(client: JetStreamClient): Promise<KV> {
  return new Kvm(client).create(BUCKET, { history: 1, storage: StorageType.File, allow_direct: false });
}

export const isApiError = (error: unknown): error is JetStreamApiError => error instanceof JetStreamApiError;
