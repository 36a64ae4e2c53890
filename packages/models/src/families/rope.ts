import { type RotaryAngles, tf } from '@eigenloom/engine';
import { badConfig, numberField, sizeField, type RawConfig } from './config-field.js';

/** Angle per position of each pair of units: [headSize/2]. arXiv:2104.09864, equation 15, and its common rescalings. */
export function ropeFrequencies(config: RawConfig, headSize: number): Float64Array {
  const rope = ropeFields(config);
  const theta = numberField('rope_theta' in rope ? rope : config, 'rope_theta', 10000);
  const base = Float64Array.from({ length: headSize / 2 }, (_, i) => theta ** ((-2 * i) / headSize));
  const kind = rope['rope_type'] ?? rope['type'] ?? 'default';
  switch (kind) {
    case 'default':
      return base;
    case 'linear': {
      // Positions divided by the factor: arXiv:2306.15595.
      const factor = numberField(rope, 'factor');
      return base.map((frequency) => frequency / factor);
    }
    case 'llama3':
      return base.map((frequency) => rescaleLlama3(frequency, rope));
    default:
      throw badConfig(
        'rope_scaling',
        `type ${JSON.stringify(kind)} is not supported; supported: default, linear, llama3`,
      );
  }
}

// transformers 5 writes `rope_parameters`, earlier versions `rope_scaling` beside `rope_theta`.
function ropeFields(config: RawConfig): RawConfig {
  const value = config['rope_parameters'] ?? config['rope_scaling'] ?? {};
  if (typeof value !== 'object' || Array.isArray(value)) throw badConfig('rope_scaling', 'must be an object');
  return value as RawConfig;
}

// Llama 3.1: long wavelengths are divided by the factor, short ones kept, and those between blended.
function rescaleLlama3(frequency: number, rope: RawConfig): number {
  const factor = numberField(rope, 'factor');
  const low = numberField(rope, 'low_freq_factor');
  const high = numberField(rope, 'high_freq_factor');
  const turns = (sizeField(rope, 'original_max_position_embeddings') * frequency) / (2 * Math.PI);
  if (turns < low) return frequency / factor;
  if (turns > high) return frequency;
  const kept = (turns - low) / (high - low);
  return ((1 - kept) * frequency) / factor + kept * frequency;
}

/** Cosine and sine of every angle from position `first` on. */
export function ropeTables(frequencies: Float64Array, first: number, length: number): RotaryAngles {
  const half = frequencies.length;
  const table = (of: (angle: number) => number): tf.Tensor2D => {
    const values = Float32Array.from({ length: length * half }, (_, i) =>
      of((first + Math.floor(i / half)) * (frequencies[i % half] ?? 0)),
    );
    return tf.tensor2d(values, [length, half]);
  };
  return { cos: table(Math.cos), sin: table(Math.sin) };
}
