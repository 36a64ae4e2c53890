import type { NativeTask } from './native/native-task.js';

export type Distribution = 'normal' | 'uniform';
export type Arrays = { f32: Float32Array; f64: Float64Array };

/** Functions of the addon; the names and the order of arguments are those of crates/numeric-node/src/random.rs. */
export interface NativeRandom {
  random<P extends keyof Arrays>(
    task: NativeTask,
    distribution: Distribution,
    precision: P,
    seed: bigint,
    stream: bigint,
    offset: bigint,
    length: number,
  ): Promise<Arrays[P]>;
}
