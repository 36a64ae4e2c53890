import type { AdapterKind, OpenedPeft, PeftFormat, PeftSettings, SavedTensor } from '@eigenloom/checkpoint';
import type { Definition } from '@eigenloom/contracts';
import type { OpenFileOptions } from '@eigenloom/numeric';

import type { FactorValues, Parametrisation } from './parametrisation.js';

/** An adapter of a folder, in memory. */
export interface AdapterFiles {
  readonly parametrisation: Parametrisation;
  /** Paths of the adapted modules in the adapter. */
  readonly modules: readonly string[];
  readonly factors: readonly FactorValues[];
  /** Trained in full, by their names in the base. */
  readonly savedTensors: ReadonlyMap<string, SavedTensor>;
  readonly settings: PeftSettings;
  readonly file: OpenedPeft['file'];
  /** Where the tensors in full are in the file. */
  readonly opened: Pick<OpenedPeft, 'savedTensors' | 'ownTensors'>;
}

/** A kind of adapter: how it is made of its parameters, and of its files. */
export interface AdapterDefinition<P, Part extends string = string> extends Definition<
  P,
  Parametrisation<Part>
> {
  readonly format: PeftFormat<Part>;
  /** Reads a folder in its format. Errors: those of the files, `CORRUPT_ADAPTER`, `UNSUPPORTED_ADAPTER`. */
  read(directory: string, options: OpenFileOptions): Promise<AdapterFiles>;
  /** Folds in another way than by the rule, such as by pairs that are streamed. */
  readonly foldingKind?: AdapterKind;
}
