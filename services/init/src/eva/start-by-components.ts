import { join } from 'node:path';

import { opening } from '@eigenloom/checkpoint';
import type { common } from '@eigenloom/contracts';
import { runOnEngine } from '@eigenloom/engine';
import { invalidInput } from '@eigenloom/errors';
import { checkTextFits, linearGroups, loadTokenizer, type NetworkPlan, planNetwork } from '@eigenloom/models';
import type { Pair, Start, StartInput, Target } from '../start.js';
import type { ComponentsFound } from './find-components.js';
import type { EvaInput, EvaSettings } from './worker.js';

const WORKER = join(__dirname, 'worker.js');

/** Operations per second on two busy cores, measured on a model of 384×384 and 384×1536 matrices. */
const DECOMPOSITION_RATE = 4e9;
const FORWARD_RATE = 2e10;
const F32 = 4;
/** The number of texts is not known without reading them. */
const GUESSED_BATCHES = 10;

/** A start from the principal components of all modules' inputs on the data that the request names at `field`. */
export function startByComponents(field: string, data: common.DatasetRef, settings: EvaSettings): Start {
  const dataField = `${field}.data`;
  return {
    changesBase: false,
    fillsPairs: true,
    sharesRanks: true,
    data: [{ field: dataField, ref: data }],
    async check({ model, modelPath, targets }) {
      const network = await opening({ field: 'model.uri' }, () => planNetwork(model));
      checkTargets(network, targets);
      const { maxLength, isDefaultLength: isDefault } = settings;
      checkTextFits(
        { field: `${field}.batching.max_length`, maxLength, isDefault },
        network.config.maxPositions,
      );
      await opening({ field: 'model.uri' }, () => loadTokenizer(modelPath));
    },
    cost({ model, targets, settings: { rank } }) {
      const elements = [...model.tensors.values()].reduce(
        (sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1),
        0,
      );
      const { batchSize, maxLength, maxBatches = GUESSED_BATCHES, rho } = settings;
      const tokens = batchSize * maxLength;
      const widths = targets.reduce((sum, { columns }) => sum + columns, 0);
      const components = 40 * tokens * widths * rank * rho;
      return {
        seconds: maxBatches * ((2 * elements * tokens) / FORWARD_RATE + components / DECOMPOSITION_RATE),
        memoryBytes: elements * F32 + tokens * widths * F32,
        readsWeights: true,
      };
    },
    async run(input, hooks) {
      const { signal } = hooks;
      const { rank, seed } = input.settings;
      const { rho, tau } = settings;
      const modules = input.targets.map(({ path }) => path);
      const task: EvaInput = {
        modelPath: input.modelPath,
        adapterPaths: input.adapterPaths,
        dataPath: input.dataPaths.get(dataField) ?? '',
        dataField,
        data,
        wanted: { modules, rank, rho, tau, seed },
        settings,
      };
      const found = await runOnEngine<EvaInput, ComponentsFound>(WORKER, task, {
        signal,
        onProgress: (update) => {
          hooks.progress(update);
        },
      });
      hooks.progress({ metrics: { batches: found.batches, converged: found.converged ? 1 : 0 } });
      return evaPairs(input, found);
    },
  };
}

/** Whether every target has an input in the layers. */
function checkTargets(network: NetworkPlan, targets: readonly Target[]): void {
  const linear = new Set(linearGroups(network).flatMap(({ modules }) => modules));
  for (const { path } of targets) {
    if (linear.has(path)) continue;
    const why = `${JSON.stringify(path)} is not a linear module of the layers`;
    throw invalidInput('TARGET_NOT_LINEAR', 'target_modules', why);
  }
}

/** A = components, B = 0; alpha moves with the rank so that the scale stays what it was. */
export function evaPairs(
  { targets, settings }: Pick<StartInput, 'targets' | 'settings'>,
  found: ComponentsFound,
): Map<string, Pair> {
  const pairs = new Map<string, Pair>();
  for (const { module, rank, components } of found.modules) {
    const target = targets.find(({ path }) => path === module);
    if (target === undefined || rank === 0) continue;
    const growth = settings.rankStabilized ? Math.sqrt(rank / settings.rank) : rank / settings.rank;
    const b = new Float32Array(target.rows * rank);
    pairs.set(module, { a: components, b, rank, alpha: settings.alpha * growth });
  }
  return pairs;
}
