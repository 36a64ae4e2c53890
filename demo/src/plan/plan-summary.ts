import type { DemoOptions } from '../options.js';
import { expectedTotal } from '../run/costs.js';
import { duration } from '../run/terminal.js';
import { loraRuns, stepId } from './run-names.js';

/** What will run and how long that takes on two quiet cores, in one line. */
export function planSummary(options: DemoOptions): string {
  const { speechLabel, sizes } = options.data;
  const { seeds, steps, batchSize } = options.training;
  const tasks = [speechLabel, 'spam'] as const;
  const runs = loraRuns(tasks, seeds);
  const inits = new Set(runs.map((run) => stepId.init(run)));
  const ids = [
    ...inits,
    ...runs.map((run) => stepId.lora(run)),
    ...tasks.map((task) => stepId.full(task)),
    stepId.soup(speechLabel, 'uniform'),
    stepId.soup(speechLabel, 'greedy'),
  ];
  return (
    `${inits.size} starts, ${runs.length} LoRA runs and ${tasks.length} full ones of ${steps} steps of ${batchSize}, two soups, ` +
    `merges of two tasks, tests on ${sizes.test} examples each: about ${duration(expectedTotal(ids, options))} on two quiet cores after the data`
  );
}
