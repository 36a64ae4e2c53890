import type { adapters } from '@eigenloom/contracts';

/** The kind of an adapter with its parameters: the oneof of the contract. */
export type AdapterChoice = NonNullable<adapters.Adapter['kind']>;
