import { common, jobs, type longrunning } from '@eigenloom/contracts';
import { type AppError, internal } from '@eigenloom/errors';
import { fromStatus } from '../errors/from-status.js';
import {
  type ArtifactParts,
  type Contract,
  contractOf,
  KIND_NAMES,
  type KindName,
  type ResponseOf,
} from '../jobs/contract-of.js';
import { ESTIMATE_TYPE, typeUrlOf } from '../jobs/operation.js';

/** An operation, unpacked. */
export interface JobView {
  /** `operations/ID`; empty for an estimate. */
  readonly name: string;
  readonly done: boolean;
  /** Not done, and its process has died: it waits to be resumed. Seen only in a local data folder. */
  readonly interrupted?: boolean;
  readonly metadata: jobs.JobMetadata;
  /** Why it failed, or that it was cancelled. */
  readonly error?: AppError;
  /** The response with its kind, when it succeeded. */
  readonly result?: { [K in KindName]: { readonly kind: K; readonly response: ResponseOf[K] } }[KindName];
  /** Artifacts of the response: '' is the main one. */
  readonly artifacts: ArtifactParts;
  /** The answer to `validate_only`. */
  readonly estimate?: common.Estimate;
}

/** A change of a job. */
export interface JobUpdate extends JobView {
  readonly revision: bigint;
}

/** Unpacks an operation of this contract. */
export function toJobView({ name, done, metadata, result }: longrunning.Operation): JobView {
  const base = {
    name,
    done,
    metadata: jobs.JobMetadata.decode(metadata?.value ?? new Uint8Array()),
    artifacts: {},
  };
  if (result?.$case === 'error') return { ...base, error: fromStatus(result.value) };
  if (result === undefined) return base;
  const { typeUrl, value } = result.value;
  if (typeUrl === ESTIMATE_TYPE) return { ...base, estimate: common.Estimate.decode(value) };
  const kind = KIND_NAMES.find((each) => typeUrlOf(contractOf(each).responseType) === typeUrl);
  if (kind === undefined) throw internal('RESPONSE_TYPE_UNKNOWN', `the response type ${typeUrl} is unknown`);
  return { ...base, ...resultOf(kind, value) };
}

function resultOf(
  kind: KindName,
  bytes: Uint8Array,
): { result: NonNullable<JobView['result']>; artifacts: ArtifactParts } {
  const contract: Contract<KindName> = contractOf<KindName>(kind);
  const response = contract.response.decode(bytes);
  return {
    result: { kind, response } as unknown as NonNullable<JobView['result']>,
    artifacts: contract.artifacts(response),
  };
}
