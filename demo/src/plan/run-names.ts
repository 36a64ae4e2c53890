import type { TaskName } from '../data/prepare.js';

/** How an adapter starts. */
export const STARTS = ['default', 'pissa', 'eva'] as const;
export type Start = (typeof STARTS)[number];

/** One LoRA training. */
export interface LoraRun {
  readonly task: TaskName;
  readonly start: Start;
  readonly seed: number;
}

/** Ids of the steps of the pipeline; each is also the name of a folder under `demo-out/runs`. */
export const stepId = {
  init: ({ task, start, seed }: LoraRun): string => {
    // PiSSA's start depends on the weights alone, EVA's on weights and data; only the default start draws random numbers.
    if (start === 'pissa') return 'init-pissa';
    return start === 'eva' ? `init-eva-${task}` : `init-default-s${seed}`;
  },
  lora: ({ task, start, seed }: LoraRun): string => `train-${task}-${start}-s${seed}`,
  full: (task: TaskName): string => `train-${task}-full`,
  soup: (task: TaskName, recipe: 'uniform' | 'greedy'): string => `soup-${task}-${recipe}`,
  spectrum: (of: string): string => `spectrum-${of}`,
  intruders: (of: string): string => `intruders-${of}`,
};

export function loraRuns(tasks: readonly TaskName[], seeds: readonly number[]): LoraRun[] {
  return tasks.flatMap((task) => seeds.flatMap((seed) => STARTS.map((start) => ({ task, start, seed }))));
}
