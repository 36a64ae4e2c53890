import type {
  AdapterModuleKind,
  AdapterPlan,
  OpenedAdapter,
  OpenedModule,
  PolyModule,
} from '@eigenloom/checkpoint';
import type { MergeSource, SafetensorsFile } from '@eigenloom/numeric';

import type { ReadInput } from '../../plan/planned.js';
import type { AdapterMethod, Member, ModuleMembers } from '../steps/adapter-method.js';

/** An adapter of any kind that a merge reads. */
export interface ReadAdapter extends ReadInput {
  readonly file: SafetensorsFile;
  /** Where the request names it: `models[0]`. */
  readonly label: string;
}

/** A LoRA adapter to merge, open. */
export interface AdapterInput extends ReadAdapter {
  readonly adapter: OpenedAdapter;
}

/** A member of a module with the adapter that it comes from. */
export interface PlannedMember extends Member {
  readonly input: AdapterInput;
  readonly opened: OpenedModule;
}

/** Where the values of a module's members are: in adapters of their own, or the skills of one inventory. */
export type ModuleSource =
  | { readonly kind: 'adapters'; readonly members: readonly PlannedMember[] }
  | {
      readonly kind: 'inventory';
      readonly input: ReadAdapter;
      readonly module: PolyModule;
      readonly splits: number;
    };

/** One module of the result. */
export interface PlannedModule extends ModuleMembers {
  readonly kind: AdapterModuleKind;
  /** What follows the rank in the shape of A: in; in, kernel… of a convolution. */
  readonly aTail: readonly number[];
  /** What follows the rank in the shape of B: nothing; 1… of a convolution. */
  readonly bTail: readonly number[];
  readonly source: ModuleSource;
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
  readonly method: AdapterMethod;
  readonly seed: bigint;
  readonly inputs: readonly ReadAdapter[];
  /** In order of path. */
  readonly modules: readonly PlannedModule[];
  readonly saved: ReadonlyMap<string, PlannedSaved>;
  /** A config.json that names the classes of a saved head. */
  readonly labelsFile?: string | undefined;
  /** All but what depends on the ranks. */
  readonly settings: Omit<AdapterPlan['settings'], 'rank' | 'alpha'>;
  /** Shares of the members in what the result stands for; default: their weights. */
  readonly shares: readonly number[] | undefined;
  readonly notes: readonly string[];
}
