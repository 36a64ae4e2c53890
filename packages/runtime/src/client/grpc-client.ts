import {
  analysis,
  type common,
  init,
  jobs,
  longrunning,
  merge,
  pipeline,
  type ServiceKind,
  train,
} from '@eigenloom/contracts';
import { AppError } from '@eigenloom/errors';
import { type Client, credentials, type Metadata, type ServiceError } from '@grpc/grpc-js';
import { fromServiceError } from '../errors/service-error.js';
import type { KindName, RequestOf } from '../jobs/contract-of.js';
import { currentMetadata } from './current-metadata.js';
import { updateOf } from './embedded-client.js';
import { type JobUpdate, type JobView, toJobView } from './job-view.js';
import { type JobsClient, waitByWatching } from './jobs-client.js';
import { Retries } from './retries.js';
import { unlessSilent } from './unless-silent.js';

/** A watch that has seen its job and then finds nobody for so long gives up: an outage does not end the job. */
const WATCH_PATIENCE_MS = 60_000;
const LIST_PAGE = 200;
const CHANNEL_OPTIONS = {
  'grpc.max_receive_message_length': 8 * 1024 * 1024,
  'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
};

/** Where servers are. */
export interface ClientOptions {
  /** Address of each service, `host:port` or `dns:///name:port`; one string when one server serves all. */
  readonly address: string | Readonly<Partial<Record<ServiceKind, string>>>;
  readonly times?: Partial<ClientTimes>;
}

/** How long a silent server is waited for; tests shorten it. */
export interface ClientTimes {
  /** A call with one answer ends after this. */
  readonly callMs: number;
  /** A watch or a download ends when nothing comes for so long; a watch beats every 20 s. */
  readonly silenceMs: number;
  /** A connection that is silent for so long is asked whether it lives … */
  readonly keepaliveMs: number;
  /** … and given up without an answer in this time. */
  readonly keepaliveTimeoutMs: number;
}

const TIMES: ClientTimes = {
  callMs: 30_000,
  silenceMs: 45_000,
  keepaliveMs: 20_000,
  keepaliveTimeoutMs: 10_000,
};

type Callback<T> = (error: ServiceError | null, value: T) => void;
type Unary<Q, R> = (
  request: Q,
  metadata: Metadata,
  options: { deadline: Date },
  callback: Callback<R>,
) => { cancel(): void };

/** A client of servers of this contract. Retries UNAVAILABLE only; all its calls may be repeated when they have a request id. */
export function createClient({ address, times }: ClientOptions): JobsClient {
  return new GrpcClient(address, { ...TIMES, ...times });
}

class GrpcClient implements JobsClient {
  private readonly channels = new Map<string, Client>();

  /** For errors. */
  private readonly addresses: string;

  constructor(
    private readonly address: ClientOptions['address'],
    private readonly times: ClientTimes,
  ) {
    this.addresses = typeof address === 'string' ? address : [...new Set(Object.values(address))].join(', ');
  }

  async submit<K extends KindName>(kind: K, request: RequestOf[K], signal?: AbortSignal): Promise<JobView> {
    const operation = await this.call(this.submitter(kind), request, signal);
    return toJobView(operation);
  }

  async get(name: string): Promise<JobView> {
    const client = this.operations();
    return toJobView(await this.call(client.getOperation.bind(client), { name }));
  }

  async *watch(
    name: string,
    { afterRevision = 0n, signal }: { afterRevision?: bigint; signal?: AbortSignal } = {},
  ): AsyncGenerator<JobUpdate> {
    let after = afterRevision;
    const retries = new Retries(this.addresses);
    for (;;) {
      const stream = this.jobs().watchJob({ name, afterRevision: after }, currentMetadata());
      const leave = (): void => {
        stream.cancel();
      };
      signal?.addEventListener('abort', leave);
      try {
        signal?.throwIfAborted();
        for await (const message of unlessSilent<jobs.WatchJobResponse>(stream, this.times.silenceMs)) {
          retries.progress(WATCH_PATIENCE_MS);
          const done = message.operation?.done === true;
          if (message.revision > after || done) yield updateOf(message);
          if (message.revision > after) after = message.revision;
          if (done) return;
        }
      } catch (error) {
        signal?.throwIfAborted();
        await retries.pauseOrThrow(error, signal);
      } finally {
        signal?.removeEventListener('abort', leave);
        stream.cancel();
      }
    }
  }

  wait(name: string, signal?: AbortSignal): Promise<JobView> {
    return waitByWatching(this, name, signal);
  }

  async cancel(name: string): Promise<void> {
    const client = this.operations();
    await this.call(client.cancelOperation.bind(client), { name });
  }

  async delete(name: string): Promise<void> {
    const client = this.operations();
    await this.call(client.deleteOperation.bind(client), { name });
  }

  async *list(): AsyncGenerator<JobView> {
    const client = this.operations();
    for (let pageToken = ''; ;) {
      const request = longrunning.ListOperationsRequest.fromPartial({ pageSize: LIST_PAGE, pageToken });
      const page = await this.call(client.listOperations.bind(client), request);
      for (const operation of page.operations) yield toJobView(operation);
      pageToken = page.nextPageToken;
      if (pageToken === '') return;
    }
  }

  async *readFile(name: string, path: string): AsyncGenerator<Uint8Array> {
    let offset = 0n;
    const retries = new Retries(this.addresses);
    for (;;) {
      const stream = this.jobs().readArtifactFile({ name, path, offset }, currentMetadata());
      try {
        const messages = unlessSilent<jobs.ReadArtifactFileResponse>(stream, this.times.silenceMs);
        for await (const { chunk } of messages) {
          offset += BigInt(chunk.byteLength);
          retries.progress();
          yield chunk;
        }
        return;
      } catch (error) {
        await retries.pauseOrThrow(error);
      } finally {
        stream.cancel();
      }
    }
  }

  async methods(kind: ServiceKind): Promise<readonly common.Method[]> {
    return (await this.call(this.lister(kind), {})).methods;
  }

  close(): Promise<void> {
    for (const client of this.channels.values()) client.close();
    return Promise.resolve();
  }

  private async call<Q, R>(method: Unary<Q, R>, request: Q, signal?: AbortSignal): Promise<R> {
    const retries = new Retries(this.addresses);
    for (;;) {
      try {
        return await once(method, request, { ms: this.times.callMs, addresses: this.addresses, signal });
      } catch (error) {
        signal?.throwIfAborted();
        await retries.pauseOrThrow(error, signal);
      }
    }
  }

  private submitter<K extends KindName>(kind: K): Unary<RequestOf[K], longrunning.Operation> {
    const make = (): Unary<never, longrunning.Operation> => {
      switch (kind) {
        case 'init': {
          const client = this.client('init', init.InitServiceClient);
          return client.initAdapter.bind(client);
        }
        case 'train': {
          const client = this.client('train', train.TrainServiceClient);
          return client.train.bind(client);
        }
        case 'merge': {
          const client = this.client('merge', merge.MergeServiceClient);
          return client.merge.bind(client);
        }
        case 'analysis': {
          const client = this.client('analysis', analysis.AnalysisServiceClient);
          return client.analyze.bind(client);
        }
        default: {
          const client = this.client('pipeline', pipeline.PipelineServiceClient);
          return client.runPipeline.bind(client);
        }
      }
    };
    return make() as Unary<RequestOf[K], longrunning.Operation>;
  }

  private lister(kind: ServiceKind): Unary<object, { methods: common.Method[] }> {
    switch (kind) {
      case 'init': {
        const client = this.client(kind, init.InitServiceClient);
        return client.listInitMethods.bind(client);
      }
      case 'train': {
        const client = this.client(kind, train.TrainServiceClient);
        return client.listTrainMethods.bind(client);
      }
      case 'merge': {
        const client = this.client(kind, merge.MergeServiceClient);
        return client.listMergeMethods.bind(client);
      }
      case 'analysis': {
        const client = this.client(kind, analysis.AnalysisServiceClient);
        return client.listAnalysisMethods.bind(client);
      }
    }
  }

  private operations(): longrunning.OperationsClient {
    return this.client('operations', longrunning.OperationsClient);
  }

  private jobs(): jobs.JobsServiceClient {
    return this.client('jobs', jobs.JobsServiceClient);
  }

  /** Any server answers for all jobs, so what is not of one kind goes to the first address. */
  private client<C extends Client>(
    role: ServiceKind | 'pipeline' | 'operations' | 'jobs',
    Make: new (address: string, creds: ReturnType<typeof credentials.createInsecure>, options: object) => C,
  ): C {
    const known = this.channels.get(role);
    if (known !== undefined) return known as C;
    const { address } = this;
    const own = typeof address === 'string' ? address : address[role as ServiceKind];
    const target = own ?? Object.values(address)[0];
    if (target === undefined) throw new AppError('INVALID_INPUT', 'ADDRESS_MISSING', 'no server is named');
    const made = new Make(target, credentials.createInsecure(), {
      ...CHANNEL_OPTIONS,
      'grpc.keepalive_time_ms': this.times.keepaliveMs,
      'grpc.keepalive_timeout_ms': this.times.keepaliveTimeoutMs,
    });
    this.channels.set(role, made);
    return made;
  }
}

/** How a call is made, and whom errors name. */
interface CallOptions {
  readonly ms: number;
  readonly addresses: string;
  readonly signal: AbortSignal | undefined;
}

function once<Q, R>(method: Unary<Q, R>, request: Q, { ms, addresses, signal }: CallOptions): Promise<R> {
  return new Promise((resolve, reject) => {
    const deadline = new Date(Date.now() + ms);
    const call = method(request, currentMetadata(), { deadline }, (error, value) => {
      signal?.removeEventListener('abort', leave);
      if (error === null) resolve(value);
      else reject(asError(fromServiceError(error, addresses)));
    });
    const leave = (): void => {
      call.cancel();
    };
    signal?.addEventListener('abort', leave);
    if (signal?.aborted === true) leave();
  });
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
