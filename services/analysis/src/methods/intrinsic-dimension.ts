import { join } from 'node:path';

import { allFiles, dataFiles, modelFiles, adapterFiles } from '@eigenloom/checkpoint';
import type { analysis, Definition } from '@eigenloom/contracts';
import { runOnEngine } from '@eigenloom/engine';
import { checkParameters } from '../intrinsic/check-parameters.js';
import { estimateOf } from '../intrinsic/estimate.js';
import { openTask } from '../intrinsic/open-task.js';
import { reportDimension } from '../intrinsic/report-dimension.js';
import type { DimensionInput, DimensionOutput, Setting } from '../intrinsic/setting.js';
import type { Findings, Study, StudyTools } from '../study.js';

const WORKER = join(__dirname, '..', 'intrinsic', 'worker.js');

/**
 * Intrinsic dimension. Li et al. 2018, arXiv:1804.08838; with a factor for each layer, and of fine-tuning, Aghajanyan et al. 2020,
 * arXiv:2012.13255. Weights are θ₀ + P·θ_d with a random P, and the smallest d that trains to a share of the full score is searched.
 */
export const intrinsicDimension: Definition<analysis.IntrinsicDimension, Study> = {
  summary: 'Smallest random subspace of the weights in which training reaches a share of the full score',
  paper: 'arXiv:1804.08838',
  deviations:
    "Dimensions are searched by bisection with one seed, as if scores only rose with them; the authors try a grid with a learning rate for each. Fastfood is Le, Sarlós & Smola's stack of blocks of the size of θ_d, not one block of the size of the weights. A classifier's new head is part of the subspace.",
  create(parameters, field) {
    const checked = checkParameters(parameters, field);
    return {
      async open(context) {
        const { task, model, adapters, size } = await openTask(parameters, checked, field, context);
        const setting: Setting = { ...checked, task };
        return {
          estimate: estimateOf(setting, size),
          async files() {
            const ofModel =
              model === undefined ? new Map<string, string>() : await modelFiles('model', model);
            const folded = await Promise.all(
              adapters.map((folder, i) => adapterFiles(`model/adapters/${i}`, folder)),
            );
            const data =
              task.kind === 'features'
                ? [await dataFiles('data', task.path)]
                : [await dataFiles('data', task.train.path), await dataFiles('test_data', task.test.path)];
            return allFiles(ofModel, ...folded, ...data);
          },
          run: (tools) => study(setting, tools),
        };
      },
    };
  },
};

async function study(setting: Setting, tools: StudyTools): Promise<Findings> {
  const { seed, signal } = tools;
  const input: DimensionInput = { setting, seed };
  const output = await runOnEngine<DimensionInput, DimensionOutput>(WORKER, input, {
    backend: setting.backend,
    signal,
    onProgress: (update) => {
      tools.progress(update);
    },
  });
  return { report: reportDimension(setting, output) };
}
