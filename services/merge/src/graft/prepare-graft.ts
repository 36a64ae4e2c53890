import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { merge } from '@eigenloom/contracts';
import { runOnEngine } from '@eigenloom/engine';
import { SafetensorsFile } from '@eigenloom/numeric';

import { definePreparer } from '../prepare/preparation.js';
import {
  requireTaskData,
  searchData,
  searchInput,
  searchMemory,
  searchTasks,
  taskDataFields,
} from '../search/plan-search.js';
import { masksByTensor } from '../run/mask-files.js';
import { scoreOf } from '../search/run-search.js';
import type { SearchInput } from '../search/search-input.js';
import type { GraftFound, GraftTask } from './graft-worker.js';
import { GRAFT_BYTES } from './grafted-parameters.js';

const WORKER = join(__dirname, 'graft-worker.js');
const VALIDATION = { field: 'graft.validation', role: 'validation' };
const DEFAULTS = { sparsity: 0.01, steps: 10, learningRate: 1e7, batchesPerStep: 8 };

/** Learns which elements a graft takes. */
export const graftPreparer = definePreparer({
  case: 'graft',
  data: ({ validation }, request) => {
    requireTaskData(request, 'graft');
    return [
      ...taskDataFields(request),
      ...(validation === undefined ? [] : [{ ...VALIDATION, ref: validation }]),
    ];
  },
  memory: (parameters, plan) => searchMemory(plan, parameters, GRAFT_BYTES),
  async prepare(parameters, plan, paths, context, { request }) {
    const { validation, steps = DEFAULTS.steps } = parameters;
    const own = searchTasks(plan, request, paths);
    const chosen = searchData(VALIDATION.field, VALIDATION.role, validation, paths);
    const tasks =
      validation === undefined ? own : [...own, ...own.map((task) => ({ ...task, data: chosen }))];
    const input: SearchInput = {
      ...searchInput(plan, { ...parameters, tasks, fromBase: true, requireLabels: true }),
      workingBytes: GRAFT_BYTES,
    };
    await mkdir(context.scratch, { recursive: true });
    const maskPath = join(context.scratch, `graft-mask-${context.attempt}.safetensors`);
    const task: GraftTask = {
      input,
      sparsity: parameters.sparsity ?? DEFAULTS.sparsity,
      steps,
      learningRate: parameters.learningRate ?? DEFAULTS.learningRate,
      batchesPerStep: parameters.batchesPerStep || DEFAULTS.batchesPerStep,
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
      response: { taskScores: taskScores(found), graft: graftReport(found) },
    };
  },
});

/** Gain in accuracy over the base, on the last task. */
function keptGain({ before, alone, after }: GraftFound): number | undefined {
  const [low = NaN, high = NaN, own = NaN] = [before, alone, after].map((scores) => scores.at(-1)?.accuracy);
  return high > low ? (own - low) / (high - low) : undefined;
}

const graftReport = (found: GraftFound): merge.GraftReport => ({
  graftedElements: BigInt(found.grafted),
  elements: BigInt(found.elements),
  keptGain: keptGain(found),
});

const taskScores = ({ before, alone, after }: GraftFound): merge.TaskScore[] =>
  before.map((score, i) => {
    const [own, last] = [alone[i], after[i]];
    return {
      model: 0,
      before: scoreOf(score),
      modelAlone: own === undefined ? undefined : scoreOf(own),
      after: last === undefined ? undefined : scoreOf(last),
    };
  });

function cardLine(found: GraftFound): string {
  const share = (100 * found.grafted) / found.elements;
  const gain = keptGain(found);
  const kept = gain === undefined ? '' : ` They keep ${(100 * gain).toFixed(1)} % of its gain in accuracy.`;
  return `${found.grafted} of ${found.elements} elements (${share.toFixed(3)} %) are the fine-tuned model's, the others the base's.${kept}`;
}
