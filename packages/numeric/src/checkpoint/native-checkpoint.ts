import type { Real } from '../matrix.js';
import type { NativeTask } from '../native/native-task.js';

/** Functions of the addon; the names and the order of arguments are those of crates/numeric-node/src/checkpoint. */
export interface NativeCheckpoint {
  openSafetensors(task: NativeTask, path: string, maxHeaderBytes: number): Promise<NativeSafetensorsFile>;
  createSafetensors(
    task: NativeTask,
    path: string,
    plans: readonly NativePlan[],
    metadata: Readonly<Record<string, string>>,
    allowNonFinite: boolean,
  ): Promise<NativeSafetensorsWriter>;
  sha256File(task: NativeTask, path: string): Promise<string>;
  foldF32(
    task: NativeTask,
    weight: Float32Array,
    a: Float32Array,
    b: Float32Array,
    shape: NativeFoldShape,
    scale: number,
  ): Promise<Float32Array>;
  foldF64(
    task: NativeTask,
    weight: Float64Array,
    a: Float64Array,
    b: Float64Array,
    shape: NativeFoldShape,
    scale: number,
  ): Promise<Float64Array>;
}

export interface NativeFoldShape {
  readonly rows: number;
  readonly columns: number;
  readonly rank: number;
}

export interface NativePlan {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

export interface NativeTensor extends NativePlan {
  readonly byteLength: number;
}

export interface NativeSafetensorsFile {
  tensors(): NativeTensor[];
  metadata(): Record<string, string>;
  identity(): string;
  readF32(task: NativeTask, name: string): Promise<Float32Array>;
  readF64(task: NativeTask, name: string): Promise<Float64Array>;
  readPartF64(task: NativeTask, name: string, first: number, count: number): Promise<Float64Array>;
  readRaw(task: NativeTask, name: string): Promise<Uint8Array>;
  countNonFinite(task: NativeTask, name: string): Promise<number>;
}

/** NaN and infinite values of a tensor that was written, and the largest finite value of its type. */
export interface NativeNonFiniteResult {
  readonly tensor: string;
  readonly dtype: string;
  readonly largest: number;
  readonly elements: number;
  readonly count: number;
}

export interface NativeSafetensorsWriter {
  write(task: NativeTask, name: string, data: Real | Uint8Array): Promise<void>;
  nonFinite(): NativeNonFiniteResult[];
  finish(task: NativeTask): Promise<string>;
  discard(): void;
}
