import type { NativeTask } from '../native/native-task.js';
import type { SpectrumSummary } from './spectrum.js';
import type { VectorComparison } from './compare-vectors.js';

export interface NativeSpectrumCalls {
  spectrum(
    task: NativeTask,
    weights: Float64Array,
    base: Float64Array | null,
    rows: number,
    columns: number,
    positions: number,
  ): Promise<SpectrumSummary>;
  compareSingularVectors(
    task: NativeTask,
    tuned: Float64Array,
    base: Float64Array,
    rows: number,
    columns: number,
    k: number,
  ): Promise<VectorComparison>;
}
