import type { common } from '@eigenloom/contracts';
import {
  analysis,
  chosenMerge,
  init,
  merge,
  methodId,
  pipeline,
  type ServiceKind,
  train,
} from '@eigenloom/contracts';

/** The codec that ts-proto generates for a message. */
export interface MessageCodec<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(input: Uint8Array): T;
  fromJSON(object: unknown): T;
  toJSON(message: T): unknown;
}

/** What a job can be: the work of one service, or a pipeline. */
export type KindName = ServiceKind | 'pipeline';

/** The request message of each kind. */
export interface RequestOf {
  init: init.InitAdapterRequest;
  train: train.TrainRequest;
  merge: merge.MergeRequest;
  analysis: analysis.AnalyzeRequest;
  pipeline: pipeline.RunPipelineRequest;
}

/** The response message of each kind. */
export interface ResponseOf {
  init: init.InitAdapterResponse;
  train: train.TrainResponse;
  merge: merge.MergeResponse;
  analysis: analysis.AnalyzeResponse;
  pipeline: pipeline.RunPipelineResponse;
}

/** The artifacts of a response: '' is the main one, others are named parts (`residual`). */
export type ArtifactParts = Readonly<Record<string, common.Artifact>>;

/** How a kind of job looks on the wire. */
export interface Contract<K extends KindName> {
  readonly kind: K;
  /** Full name of the request message, which is also the type of its recipes. */
  readonly requestType: string;
  readonly responseType: string;
  readonly request: MessageCodec<RequestOf[K]>;
  readonly response: MessageCodec<ResponseOf[K]>;
  artifacts(response: ResponseOf[K]): ArtifactParts;
  /** Name of what a request chooses, as the generated code has it (`taskArithmetic`); undefined when it chooses nothing. */
  chosen(request: RequestOf[K]): string | undefined;
}

const parts = (entries: Record<string, common.Artifact | undefined>): ArtifactParts =>
  Object.fromEntries(
    Object.entries(entries).filter((entry): entry is [string, common.Artifact] => entry[1] !== undefined),
  );

const CONTRACTS: { readonly [K in KindName]: Contract<K> } = {
  init: {
    kind: 'init',
    requestType: 'eigenloom.init.v1.InitAdapterRequest',
    responseType: 'eigenloom.init.v1.InitAdapterResponse',
    request: init.InitAdapterRequest,
    response: init.InitAdapterResponse,
    artifacts: ({ adapter, residual }) => parts({ '': adapter, residual }),
    chosen: ({ start }) => start?.kind?.$case ?? 'default',
  },
  train: {
    kind: 'train',
    requestType: 'eigenloom.train.v1.TrainRequest',
    responseType: 'eigenloom.train.v1.TrainResponse',
    request: train.TrainRequest,
    response: train.TrainResponse,
    artifacts: ({ artifact }) => parts({ '': artifact }),
    chosen: ({ trainable }) => trainable?.kind?.$case,
  },
  merge: {
    kind: 'merge',
    requestType: 'eigenloom.merge.v1.MergeRequest',
    responseType: 'eigenloom.merge.v1.MergeResponse',
    request: merge.MergeRequest,
    response: merge.MergeResponse,
    artifacts: ({ model }) => parts({ '': model }),
    chosen: chosenMerge,
  },
  analysis: {
    kind: 'analysis',
    requestType: 'eigenloom.analysis.v1.AnalyzeRequest',
    responseType: 'eigenloom.analysis.v1.AnalyzeResponse',
    request: analysis.AnalyzeRequest,
    response: analysis.AnalyzeResponse,
    artifacts: ({ result }) => parts({ '': result }),
    chosen: ({ study }) => study?.kind?.$case,
  },
  pipeline: {
    kind: 'pipeline',
    requestType: 'eigenloom.pipeline.v1.RunPipelineRequest',
    responseType: 'eigenloom.pipeline.v1.RunPipelineResponse',
    request: pipeline.RunPipelineRequest,
    response: pipeline.RunPipelineResponse,
    artifacts: () => ({}),
    chosen: () => undefined,
  },
};

/** The contract of a kind. Every service knows all of them: pipelines hold requests of any kind. */
export function contractOf<K extends KindName>(kind: K): Contract<K> {
  return CONTRACTS[kind];
}

/** All kinds, services first. */
export const KIND_NAMES = Object.keys(CONTRACTS) as readonly KindName[];

/** Id of what a request chooses, as its proto names it (`task_arithmetic`); empty when it chooses nothing. */
export function methodOf<K extends KindName>(kind: K, request: RequestOf[K]): string {
  return methodId(contractOf(kind).chosen(request) ?? '');
}
