import type { NativeTask } from '../native/native-task.js';

/** Functions of the addon; the names and the order of arguments are those of crates/numeric-node/src/projection.rs. */
export interface NativeProjections {
  drawFastfood(task: NativeTask, seed: bigint, columns: number, rows: number): Promise<NativeFastfood>;
}

export interface NativeFastfood {
  project(task: NativeTask, x: Float32Array): Promise<Float32Array>;
  transpose(task: NativeTask, y: Float32Array): Promise<Float32Array>;
}
