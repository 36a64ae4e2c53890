import { tf } from '@eigenloom/engine';
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

export interface RopeTables {
  readonly cos: tf.Tensor3D;
  readonly sin: tf.Tensor3D;
}

/** Cosine and sine of every angle from position `first` on: two [length, 1, headSize], each half repeated, to stand beside the heads. */
export function ropeTables(frequencies: Float64Array, first: number, length: number): RopeTables {
  const half = frequencies.length;
  const cos = new Float32Array(length * 2 * half);
  const sin = new Float32Array(length * 2 * half);
  for (let position = 0; position < length; position++) {
    for (let i = 0; i < 2 * half; i++) {
      const angle = (first + position) * (frequencies[i % half] ?? 0);
      cos[position * 2 * half + i] = Math.cos(angle);
      sin[position * 2 * half + i] = Math.sin(angle);
    }
  }
  return { cos: tf.tensor3d(cos, [length, 1, 2 * half]), sin: tf.tensor3d(sin, [length, 1, 2 * half]) };
}

/** Turns the pairs (i, i + d/2) of x [batch, length, heads, d] by the angles of their positions. */
export function rotate(x: tf.Tensor4D, { cos, sin }: RopeTables): tf.Tensor4D {
  const [first, second] = tf.split(x, 2, -1) as [tf.Tensor4D, tf.Tensor4D];
  const turned = tf.concat([tf.neg(second), first], -1);
  return tf.add(tf.mul(x, cos), tf.mul(turned, sin));
}
