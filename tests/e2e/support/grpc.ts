import {
  analysis,
  errorDetails,
  init,
  jobs,
  type longrunning,
  merge,
  type ServiceKind,
  status as rpc,
  train,
} from '@eigenloom/contracts';
import { type Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';

/** What a failure looks like on the wire. */
export interface WireFailure {
  /** Name of the gRPC status, such as `INVALID_ARGUMENT`. */
  readonly code: string;
  readonly reason: string;
  readonly message: string;
  /** How many ErrorInfo there are: one. */
  readonly errorInfos: number;
}

const ERROR_INFO = 'type.googleapis.com/google.rpc.ErrorInfo';

function failureOf({ code, message, details }: rpc.Status): WireFailure {
  const infos = details
    .filter(({ typeUrl }) => typeUrl === ERROR_INFO)
    .map(({ value }) => errorDetails.ErrorInfo.decode(value));
  return { code: status[code] ?? '', message, reason: infos[0]?.reason ?? '', errorInfos: infos.length };
}

function failureOfCall(error: ServiceError): WireFailure {
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  if (!(bytes instanceof Buffer)) {
    return { code: status[error.code], message: error.details, reason: '', errorInfos: 0 };
  }
  return failureOf(rpc.Status.decode(bytes));
}

type Submit = (
  request: never,
  metadata: Metadata,
  done: (error: ServiceError | null, operation: longrunning.Operation) => void,
) => unknown;

const SERVICES = {
  init: { client: init.InitServiceClient, request: init.InitAdapterRequest, method: 'initAdapter' },
  train: { client: train.TrainServiceClient, request: train.TrainRequest, method: 'train' },
  merge: { client: merge.MergeServiceClient, request: merge.MergeRequest, method: 'merge' },
  analysis: { client: analysis.AnalysisServiceClient, request: analysis.AnalyzeRequest, method: 'analyze' },
} as const satisfies Record<ServiceKind, unknown>;

/** Services by name. */
export type Service = ServiceKind;

/**
 * Submits a request with the generated client alone, follows the job to its end and returns how it failed, whether the call or the job
 * did. Undefined when it succeeded.
 */
export async function failureOver(
  address: string,
  service: Service,
  document: unknown,
): Promise<WireFailure | undefined> {
  const { client: Client, request, method } = SERVICES[service];
  const client = new Client(address, credentials.createInsecure());
  try {
    const message = request.fromJSON(document);
    const submit = (client as unknown as Record<string, Submit>)[method]?.bind(client);
    const operation = await new Promise<longrunning.Operation>((resolve, reject) => {
      submit?.(message as never, new Metadata(), (error, value) => {
        if (error === null) resolve(value);
        else reject(error);
      });
    });
    const end = operation.done ? operation : await followed(address, operation.name);
    return end.result?.$case === 'error' ? failureOf(end.result.value) : undefined;
  } catch (error) {
    return failureOfCall(error as ServiceError);
  } finally {
    (client as Client).close();
  }
}

/** The operation when it is done, by WatchJob. */
export async function followed(address: string, name: string): Promise<longrunning.Operation> {
  const client = new jobs.JobsServiceClient(address, credentials.createInsecure());
  try {
    for await (const message of client.watchJob({ name, afterRevision: 0n })) {
      const { operation } = message as jobs.WatchJobResponse;
      if (operation?.done === true) return operation;
    }
    throw new Error(`the watch of ${name} ended before the job`);
  } finally {
    client.close();
  }
}
