import type {
  NativeFoldShape,
  NativeSafetensorsFile,
  NativeSafetensorsWriter,
} from '../checkpoint/native-checkpoint.js';
import type { NativeTask } from '../native/native-task.js';

/** The names and the order of arguments are those of crates/numeric-node/src/merge.rs. */
export interface NativeMerge {
  addFile(file: NativeSafetensorsFile): number;
  addPair(a: Float32Array, b: Float32Array, shape: NativeFoldShape, scale: number): number;
  addWriter(writer: NativeSafetensorsWriter): number;
  addTensor(description: string): void;
  run(task: NativeTask, allowNonFinite: boolean): Promise<NativeMergeReport>;
  runToMemory(task: NativeTask): Promise<Float32Array>;
  runMasks(task: NativeTask, before: number, needs: string): Promise<NativeMasks>;
}

export interface NativeMasks {
  readonly bits: readonly Uint8Array[];
  readonly own: Float64Array;
  readonly masked: Float64Array;
}

export interface NativeMergeReport {
  readonly tensors: number;
  readonly changedTensors: number;
  readonly deltaNorm: number;
  readonly referenceNorm: number;
  readonly nonFinite: readonly { readonly tensor: string; readonly model?: number; readonly count: number }[];
  readonly disagreeing: readonly string[];
}

export interface NativeMergeCalls {
  readonly NativeMerge: new () => NativeMerge;
}
