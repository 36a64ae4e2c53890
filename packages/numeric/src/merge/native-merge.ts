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
  hashFiles(files: readonly number[]): void;
  finishDigests(task: NativeTask): Promise<string[]>;
  run(task: NativeTask, allowNonFinite: boolean): Promise<NativeMergeReport>;
  gather(
    task: NativeTask,
    description: string,
    starts: Uint32Array,
    picks: Uint32Array,
    padding: number,
  ): Promise<void>;
  runToMemory(task: NativeTask): Promise<Float32Array>;
  interference(task: NativeTask): Promise<NativeInterference>;
  runMasks(task: NativeTask, before: number, needs: string): Promise<NativeMasks>;
}

export interface NativeMasks {
  readonly bits: readonly Uint8Array[];
  readonly own: Float64Array;
  readonly masked: Float64Array;
}

/** Of one tensor: whether a stored byte differs, Σ (result − reference)² and Σ reference². */
export interface NativeDifference {
  readonly changed: boolean;
  readonly delta: number;
  readonly reference: number;
}

export interface NativeMergeReport {
  readonly tensors: number;
  readonly changedTensors: number;
  readonly deltaNorm: number;
  readonly referenceNorm: number;
  readonly differences: readonly NativeDifference[];
  readonly nonFinite: readonly { readonly tensor: string; readonly model?: number; readonly count: number }[];
  readonly disagreeing: readonly string[];
}

export interface NativeInterference {
  readonly elements: number;
  readonly changed: number;
  readonly conflicting: number;
  readonly keptChanged: number;
  readonly keptConflicting: number;
  readonly products: readonly number[];
  readonly overlaps: readonly number[];
}

export interface NativeMergeCalls {
  readonly NativeMerge: new () => NativeMerge;
}
