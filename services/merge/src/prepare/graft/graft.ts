import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { common } from '@eigenloom/contracts';
import { runOnEngine } from '@eigenloom/engine';
import { SafetensorsFile } from '@eigenloom/numeric';

import type { Preparation, Preparer } from '../../plan/preparation.js';
import { masksByTensor } from '../../plan/mask-files.js';
import {
  requireTaskData,
  searchData,
  searchInput,
  searchLimits,
  searchTasks,
  taskDataFields,
} from '../search/plan-search.js';
import { scoresReport } from '../search/scores-report.js';
import type { SearchInput } from '../search/search-input.js';
import type { SearchSettings } from '../search/search-settings.js';
import type { GraftFound, GraftTask } from './graft-worker.js';
import { GRAFT_BYTES } from './grafted-parameters.js';

const WORKER = join(__dirname, 'graft-worker.js');
const DEFAULT_STEPS = 10;
const DEFAULT_LEARNING_RATE = 1e7;

interface GraftSettings {
  readonly sparsity: number;
  readonly batchesPerStep: number;
  readonly validation: common.DatasetRef | undefined;
}

/** Learns which elements a graft takes. */
export const graftPreparer = (
  { sparsity, batchesPerStep, validation }: GraftSettings,
  settings: SearchSettings,
  method: string,
): Preparer => ({
  data: (request) => {
    requireTaskData(request, method);
    const own = taskDataFields(request);
    return validation === undefined
      ? own
      : [...own, { ...validationOf(method), uri: validation.uri, examples: validation }];
  },
  ...searchLimits(settings, method, GRAFT_BYTES),
  async prepare(plan, paths, context, { request }) {
    const { steps = DEFAULT_STEPS, learningRate = DEFAULT_LEARNING_RATE } = settings;
    const { field, role } = validationOf(method);
    const own = searchTasks(plan, request, paths);
    const chosen = searchData(field, role, validation, paths);
    const tasks =
      validation === undefined ? own : [...own, ...own.map((task) => ({ ...task, data: chosen }))];
    const input: SearchInput = {
      ...searchInput(plan, { ...settings, tasks, fromBase: true, requireLabels: true }),
      workingBytes: GRAFT_BYTES,
    };
    await mkdir(context.scratch, { recursive: true });
    const maskPath = join(context.scratch, `graft-mask-${context.attempt}.safetensors`);
    const task: GraftTask = {
      input,
      ...{ sparsity, steps, learningRate, batchesPerStep },
      maskPath,
    };
    const found = await runOnEngine<GraftTask, GraftFound>(WORKER, task, {
      signal: context.signal,
      onProgress: ({ fraction, ...update }) => {
        context.progress({ ...update, ...(fraction === undefined ? {} : { fraction: 0.5 * fraction }) });
      },
    });
    return {
      statistics: masksByTensor(await SafetensorsFile.open(maskPath), plan),
      mayChangeNothing: true,
      lines: [cardLine(found)],
      ...graftReport(found, tasks.length),
    };
  },
});

const validationOf = (method: string): { field: string; role: string } => ({
  field: `${method}.validation`,
  role: 'validation',
});

/** Gain in accuracy over the base, on the last task. */
function keptGain({ before, alone, after }: GraftFound): number | undefined {
  const [low = NaN, high = NaN, own = NaN] = [before, alone, after].map((scores) => scores.at(-1)?.accuracy);
  return high > low ? (own - low) / (high - low) : undefined;
}

/** The scores of the model's data, then those of the validation data; the metrics of the scores are means over both. */
function graftReport(found: GraftFound, tasks: number): Pick<Preparation, 'metrics' | 'tables'> {
  const scores = scoresReport(
    Array.from({ length: tasks }, () => 0),
    found,
  );
  const { grafted, elements } = found;
  const mask = { grafted_elements: grafted, elements, kept_gain: keptGain(found) ?? null };
  return { ...scores, metrics: { ...scores.metrics, ...mask } };
}

function cardLine(found: GraftFound): string {
  const share = (100 * found.grafted) / found.elements;
  const gain = keptGain(found);
  const kept = gain === undefined ? '' : ` They keep ${(100 * gain).toFixed(1)} % of its gain in accuracy.`;
  return `${found.grafted} of ${found.elements} elements (${share.toFixed(3)} %) are the fine-tuned model's, the others the base's.${kept}`;
}
