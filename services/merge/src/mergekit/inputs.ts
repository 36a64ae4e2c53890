import { openModel, plannedFold } from '@eigenloom/adapters';
import type { Model } from '@eigenloom/checkpoint';
import type { RequestContext } from '@eigenloom/runtime';

import { agreeOnHeads } from '../plan/agree-on-heads.js';
import type { PlannedInput, ReadInput } from '../plan/planned.js';
import type { StageResult } from '../plan/stages.js';
import { type Anatomy, anatomyOf } from './anatomy.js';
import type { Located } from './located.js';

/** A model of a configuration: equal references are one. */
export interface MergekitInput extends PlannedInput {
  readonly anatomy: Anatomy;
  /** Stands in the result's config instead of the model's own. */
  readonly architecture: string | undefined;
}

/** An input that is still being put together. */
type KnownInput = { -readonly [K in keyof MergekitInput]: MergekitInput[K] } & {
  readonly fields: Map<string, string>;
};

/** Opens the models of a configuration, each once, in all of its documents. */
export class Inputs {
  private readonly known = new Map<string, KnownInput>();
  private readonly others: ReadInput[] = [];
  private roles = 0;

  constructor(private readonly context: RequestContext) {}

  /** What was opened, in order. */
  read(): ReadInput[] {
    return [...this.known.values(), ...this.others];
  }

  /** Something else that is read: the files of a tokenizer. */
  add(input: ReadInput): void {
    this.others.push(input);
  }

  /** As `agreeOnHeads` of a plan, for models that are part of a document already. */
  agreeOnHeads(opened: readonly MergekitInput[]): void {
    const agreed = agreeOnHeads(opened);
    for (const known of this.known.values()) {
      const model = agreed[opened.indexOf(known)]?.model;
      if (model === undefined || model === known.model) continue;
      known.model = model;
      known.anatomy = anatomyOf(model.tensors.keys());
    }
  }

  /** Errors: those of the context's `resolve`, with the reference's place as field, and of the files. */
  async open(reference: Located, results: ReadonlyMap<string, StageResult>): Promise<MergekitInput> {
    const { at, uri, adapter, architecture } = reference;
    const key = JSON.stringify([uri, adapter, architecture]);
    const known = this.known.get(key);
    const result = results.get(uri);
    if (known !== undefined) {
      setRole(known.fields, reference, known.role, result);
      return known;
    }
    const fields = new Map<string, string>();
    // Of what the merge made itself only an adapter is an input.
    const role = result === undefined || adapter !== undefined ? `models/${this.roles++}` : undefined;
    const path = result === undefined ? await this.context.resolve(uri, at) : (result.path ?? '');
    setRole(fields, reference, role, result);
    const adapters = adapter === undefined ? [] : [await this.context.resolve(adapter, `${at}.lora`)];
    const model = await this.modelOf(reference, path, adapters, result);
    const opened: KnownInput = {
      ...{ path, adapters, model, fields, role, architecture, label: at },
      files: result === undefined ? [...model.weightFiles.values()] : [],
      ignored: model.ignored,
      anatomy: anatomyOf(model.tensors.keys()),
    };
    this.known.set(key, opened);
    return opened;
  }

  private modelOf(
    { at, uri, adapter = '' }: Located,
    path: string,
    adapters: readonly string[],
    result: StageResult | undefined,
  ): Promise<Model> {
    const { signal } = this.context;
    const [folder] = adapters;
    const place = { field: `${at}.lora`, uri: adapter };
    if (result !== undefined && folder === undefined) return Promise.resolve(result.model);
    if (result !== undefined && folder !== undefined && result.path === undefined)
      return plannedFold(result.model, { folder, place }, { signal });
    const places = { model: { field: at, uri }, adapters: [place] };
    return openModel(path, { adapters, places, signal, label: at });
  }
}

function setRole(
  fields: Map<string, string>,
  { at, adapter }: Located,
  role: string | undefined,
  made: StageResult | undefined,
): void {
  if (role === undefined) return;
  if (made === undefined) fields.set(at, role);
  if (adapter !== undefined) fields.set(`${at}.lora`, `${role}/adapters/0`);
}
