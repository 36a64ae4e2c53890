import { incompatible } from '@eigenloom/errors';
import type { Dtype } from '@eigenloom/numeric';

import { pickEntries } from '../json/literals.js';
import { type JsonObject, isObject } from '../json-file.js';
import type { ModelConfig } from './model-config.js';

/** What is looked at of a tensor. */
interface Stored {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

/** Keys of a config that say how weights are quantized: transformers', an older one of compressed-tensors, and MLX's. */
const CONFIG_KEYS = ['quantization_config', 'compression_config', 'quantization'];

/**
 * Names that only quantized checkpoints have: of bitsandbytes; GPTQ, AWQ and FP-Quant; compressed-tensors, FP8, NVFP4 and EETQ; HQQ,
 * Gemma and AQLM; VPTQ; quanto; torchao. The part before the mark is the module.
 */
const MARKS = [
  /\.(?:weight\.)?(?:nested_)?(?:absmax|quant_map)$/,
  /\.quant_state\.bitsandbytes__\w+$/,
  /\.(?:SCB|weight_format)$/,
  /\.(?:d?qweight|qzeros|g_idx)$/,
  /\.(?:forward|backward)_hadamard_matrix$/,
  /\.weight_(?:packed|scales?|scale_\d|scale_inv|zero_point|global_scale|g_idx)$/,
  /\.(?:input|output)_(?:global_)?(?:scale|zero_point)$|\.(?:in|out)put_activation_scale$/,
  /\.(?:W_q|embedding_quantized|codebooks)$/,
  /\.(?:res_)?centroids\.weight$/,
  /\.weight\._(?:data|scale|shift)$/,
  /[.:]_?(?:weight_)?(?:qdata|tensor_data_names)$/,
];
/** What stands beside a weight's name where its values are codes to be multiplied: of FP8 and MXFP4. */
const SCALE_SUFFIXES = ['_scale_inv', '_scale', '_scale_2', '_scales'];
/** Names of weights, which are floating-point numbers unless they are quantized, and the types that codes are packed in. */
const WEIGHT = /(?:^|[._])(?:weight|kernel|w[123]|\w+_proj)$/;
const PACKED: ReadonlySet<Dtype> = new Set<Dtype>(['U8', 'I8', 'U16', 'I16', 'U32', 'I32']);

/** Why a checkpoint's weights are no plain numbers. */
export interface Quantization {
  /** The tensor that shows it, and what is to be done with its values where that is known. */
  readonly tensor: string;
  readonly why: string;
  /** The scales beside it. */
  readonly scale?: string;
}

/** What shows that weights are quantized: names, storage types, and scales beside eight-bit weights; undefined for plain ones. */
export function quantizationOf(
  tensors: ReadonlyMap<string, Stored>,
  config: ModelConfig,
): Quantization | undefined {
  const said = methodOf(config) !== undefined;
  for (const [name, { dtype, shape }] of tensors) {
    const eight = dtype.startsWith('F8_');
    const scale = eight || PACKED.has(dtype) ? scaleOf(name, tensors) : undefined;
    if (scale !== undefined) return { tensor: name, scale, why: `is to be multiplied by ${shown(scale)}` };
    if (MARKS.some((mark) => mark.test(name))) return { tensor: name, why: 'belongs to quantized weights' };
    // Eight-bit floats without scales are plain numbers, unless the config says otherwise.
    const packed = PACKED.has(dtype) || (eight && said);
    if (packed && shape.length > 1 && WEIGHT.test(name)) {
      return { tensor: name, why: `is stored as ${dtype}, which holds codes instead of weights` };
    }
  }
  return undefined;
}

/** MXFP4 has `…_blocks` beside `…_scales`; all others put a suffix after the weight's own name. */
function scaleOf(name: string, tensors: ReadonlyMap<string, Stored>): string | undefined {
  const stems = name.endsWith('_blocks') ? [name.slice(0, -'_blocks'.length)] : [name];
  const beside = name.replace(/\.weight$/, '.scales');
  const all = stems.flatMap((stem) => SCALE_SUFFIXES.map((suffix) => stem + suffix));
  return [...all, ...(beside === name ? [] : [beside])].find((each) => tensors.has(each));
}

/** What a config says of quantization, there or in a section of it: `quantization_config.quant_method "gptq"`. */
export function methodOf(config: ModelConfig, path = ''): string | undefined {
  for (const key of CONFIG_KEYS) {
    const value = config[key];
    if (!isObject(value)) continue;
    const { quant_method: method } = value;
    return typeof method === 'string' ? `${path}${key}.quant_method ${shown(method)}` : `${path}${key}`;
  }
  for (const [key, value] of sectionsOf(config)) {
    const found = methodOf(value, `${path}${key}.`);
    if (found !== undefined) return found;
  }
  return undefined;
}

const sectionsOf = (config: ModelConfig): [string, JsonObject][] =>
  Object.entries(config).flatMap(([key, value]) =>
    key.endsWith('_config') && !CONFIG_KEYS.includes(key) && isObject(value) ? [[key, value]] : [],
  );

/** A config that says nothing of quantization: of weights that are plain numbers again. */
export function withoutQuantization(config: ModelConfig): ModelConfig {
  const sections = sectionsOf(config).map(([key, value]) => [key, withoutQuantization(value)] as const);
  const kept = pickEntries(config, (key) => !(CONFIG_KEYS.includes(key) && isObject(config[key])));
  return { ...kept, ...Object.fromEntries(sections) };
}

/** Errors: `SCALED_WEIGHTS`, naming a tensor and what the config says; `label` is what messages call the model. */
export function refuseQuantized(
  { tensors, config }: { readonly tensors: ReadonlyMap<string, Stored>; readonly config: ModelConfig },
  label?: string,
): void {
  const found = quantizationOf(tensors, config);
  if (found === undefined) return;
  const { tensor, why, scale } = found;
  throw quantized(`tensor ${shown(tensor)} ${why}`, config, label, {
    tensor: tensor.slice(0, 120),
    ...(scale === undefined ? {} : { scale: scale.slice(0, 120) }),
  });
}

/** The error of quantized weights; `why` shows that they are. */
export function quantized(
  why: string,
  config: ModelConfig,
  label?: string,
  details: Readonly<Record<string, string>> = {},
): Error {
  const method = methodOf(config);
  const start = label === undefined ? '' : `${label}: `;
  const said = method === undefined ? '' : `config.json says ${method}, and `;
  return incompatible('SCALED_WEIGHTS', `${start}${said}${why}; dequantize the model first`, {
    details: {
      ...details,
      ...(method === undefined ? {} : { config: method }),
      ...(label === undefined ? {} : { input: label }),
    },
  });
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 120));
