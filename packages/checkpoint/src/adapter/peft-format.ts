import type { JsonObject } from '../json-file.js';

/** Where PEFT keeps one tensor of an adapter. */
export interface PeftPart {
  /** Under the path of each module; once for all modules, under `base_model.`; or once, under its bare name. */
  readonly at: 'module' | 'shared' | 'root';
  /** What follows its name where PEFT keeps it as a module: `weight` of `lora_A.weight`. */
  readonly leaf?: string;
}

/** Tensors by the name of the module or parameter that PEFT keeps them in: `lora_A`. */
export type PeftParts<Part extends string = string> = Readonly<Record<Part, PeftPart>>;

/** How PEFT stores one kind of adapter, as data. */
export interface PeftFormat<Part extends string = string> {
  /** `peft_type` of `adapter_config.json`. */
  readonly peftType: string;
  readonly parts: PeftParts<Part>;
  /** Tells kinds with one `peft_type` apart, such as DoRA from LoRA. Default: every config of the type. */
  claims?(config: JsonObject): boolean;
}

/** Whether a config is that of an adapter in this format. */
export const isOfFormat = (format: PeftFormat, config: JsonObject): boolean =>
  config['peft_type'] === format.peftType && (format.claims?.(config) ?? true);

/** Whether adapters in a format name the modules that they change; the others change the whole model. */
export const isTargeted = ({ parts }: Pick<PeftFormat, 'parts'>): boolean =>
  Object.values(parts).some(({ at }) => at === 'module');

/** Factors of LoRA's pairs; those of an embedding are parameters, the others have a `weight`. */
export const LORA_FORMAT = {
  peftType: 'LORA',
  // DoRA is stored as LoRA with one tensor more.
  claims: ({ use_dora: dora }: JsonObject) => dora !== true,
  parts: {
    lora_A: { at: 'module', leaf: 'weight' },
    lora_B: { at: 'module', leaf: 'weight' },
    lora_embedding_A: { at: 'module' },
    lora_embedding_B: { at: 'module' },
  },
} as const satisfies PeftFormat;

export type LoraPart = keyof (typeof LORA_FORMAT)['parts'];

export const POLY_FORMAT = {
  peftType: 'POLY',
  parts: {
    poly_lora_A: { at: 'module' },
    poly_lora_B: { at: 'module' },
    poly_router: { at: 'module', leaf: 'module_logits' },
  },
} as const satisfies PeftFormat;
