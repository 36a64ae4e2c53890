import { pipeline } from '@eigenloom/contracts';
import { fileUri, type TaskVectorMerge, taskVectorRequest } from './requests.js';

/** Scales of the task vectors that are tried; the validation splits choose. */
export const CANDIDATES: readonly TaskVectorMerge[] = [
  { method: 'task_arithmetic', lambda: 0.5 },
  { method: 'task_arithmetic', lambda: 1 },
  { method: 'ties', lambda: 1 },
  { method: 'ties', lambda: 2 },
];

export const mergeId = ({ method, lambda }: TaskVectorMerge): string =>
  `merge-${method}-${String(lambda).replace('.', '_')}`;

/** Merges the encoders of two tasks in every candidate way. */
export function mergePipeline(
  encoders: readonly string[],
  model: string,
  out: string,
): pipeline.RunPipelineRequest {
  return pipeline.RunPipelineRequest.fromPartial({
    steps: CANDIDATES.map((candidate) => ({
      id: mergeId(candidate),
      request: { $case: 'merge', value: taskVectorRequest(candidate, model, encoders.map(fileUri)) },
    })),
    outputUri: fileUri(`${out}/merges`),
    seed: 1n,
  });
}
