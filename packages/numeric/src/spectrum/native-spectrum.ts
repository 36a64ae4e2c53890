import type { NativeTask } from '../native/native-task.js';
import type { SpectrumSummary, WeightLayout } from './spectrum.js';
import type { VectorComparison } from './compare-vectors.js';

export interface NativeSpectrumCalls {
  spectrum(
    task: NativeTask,
    weights: Float64Array,
    base: Float64Array | null,
    layout: WeightLayout,
    cut: number | null,
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
