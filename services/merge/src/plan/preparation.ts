import type { common, merge } from '@eigenloom/contracts';
import type { MergeStatistic } from '@eigenloom/numeric';
import type { Table } from '@eigenloom/report';
import type { JobContext, Lineage } from '@eigenloom/runtime';

import type { MergePlan } from './planned.js';

/** Examples, or another file, that a method reads. */
export interface DataField {
  /** Where the request names them: `greedy_soup.data`, `task_mask.mask_uri`. */
  readonly field: string;
  /** What they are in the lineage: `data`. */
  readonly role: string;
  readonly uri: string;
  /** How the examples are read; undefined of another file. */
  readonly examples?: common.DatasetRef;
}

/** What has been found out from the models and the data. */
export interface Preparation {
  /** Positions of the models that take part, in order. Default: all. */
  readonly kept?: readonly number[];
  /** Weights of the models for a tensor of the result, by its name. Default: those of the request. */
  readonly weights?: ReadonlyMap<string, readonly number[]>;
  /** Of every model, what its own data say of a tensor of the result, by the tensor's name. Default: nothing. */
  readonly statistics?: ReadonlyMap<string, readonly MergeStatistic[]>;
  /** A result that equals its reference is what was found best, and no mistake. */
  readonly mayChangeNothing?: boolean;
  /** Files for the artifact, by name: what was found, as text. */
  readonly files?: ReadonlyMap<string, string>;
  /** Sentences for the model card. */
  readonly lines: readonly string[];
  /** Headline numbers of the report; null where there is none. */
  readonly metrics?: Readonly<Record<string, number | null>>;
  /** Tables of the report. */
  readonly tables?: readonly Table[];
}

/** What a preparer may look at beside the plan. */
export interface Given {
  readonly request: merge.MergeRequest;
  /** Digests of the models and of the data: hashes what is not known yet. */
  readonly lineage: () => Promise<Lineage>;
}

/** How a method, with its parameters, finds out what its tensors are merged with. */
export interface Preparer {
  /** In the order of the request. */
  data(request: merge.MergeRequest): readonly DataField[];
  /** Throws when the models can be known not to fit, before anything runs. */
  check?(plan: MergePlan): void;
  /** Bytes of memory that it takes, at most, for the estimate. */
  memory?(plan: MergePlan): number;
  /** `paths` has the local path of each of `data`, by its role. */
  prepare(
    plan: MergePlan,
    paths: ReadonlyMap<string, string>,
    context: JobContext,
    given: Given,
  ): Promise<Preparation>;
}
