import type { AdapterModuleKind, AdapterPlan, OpenedAdapter, OpenedModule } from '@eigenloom/checkpoint';
import type { MergeSource } from '@eigenloom/numeric';

import type { ReadInput } from '../plan/planned.js';
import type { Member, ModuleMembers } from './adapter-method.js';
import type { BoundAdapterMethod } from './methods/index.js';

/** An adapter to merge, open. */
export interface AdapterInput extends ReadInput {
  readonly adapter: OpenedAdapter;
  /** Where the request names it: `models[0]`. */
  readonly label: string;
}

/** A member of a module with the adapter that it comes from. */
export interface PlannedMember extends Member {
  readonly input: AdapterInput;
  readonly opened: OpenedModule;
}

/** One module of the result. */
export interface PlannedModule extends ModuleMembers {
  readonly kind: AdapterModuleKind;
  /** What follows the rank in the shape of A: in; in, kernel… of a convolution. */
  readonly aTail: readonly number[];
  /** What follows the rank in the shape of B: nothing; 1… of a convolution. */
  readonly bTail: readonly number[];
  readonly members: readonly PlannedMember[];
  /** Of the result; the largest that it may have where it depends on the values. */
  readonly rank: number;
}

/** One tensor in full of the result. */
export interface PlannedSaved {
  readonly shape: readonly number[];
  readonly sources: readonly { readonly source: MergeSource; readonly weight: number }[];
}

/** A merge of adapters before a value has been read. */
export interface AdapterMergePlan {
  readonly method: BoundAdapterMethod;
  readonly seed: bigint;
  readonly inputs: readonly AdapterInput[];
  /** In order of path. */
  readonly modules: readonly PlannedModule[];
  readonly saved: ReadonlyMap<string, PlannedSaved>;
  /** All but what depends on the ranks. */
  readonly settings: Omit<AdapterPlan['settings'], 'rank' | 'alpha'>;
  readonly notes: readonly string[];
}
