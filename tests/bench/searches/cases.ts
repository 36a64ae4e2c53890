import type { PreparedTask } from '@eigenloom/demo/dist/data/prepare.js';

import { MODEL, type Split, TEXTS, type Workshop } from './workshop.js';

/** Accuracies by the name of what was tried. */
export type Figures = Readonly<Record<string, number>>;

const refOf = (path: string): object => ({ uri: path });

/** Best single model, uniform, greedy and learned soups of one task: validation, which chose, and test. */
export async function soups(
  workshop: Workshop,
  task: PreparedTask,
  members: readonly string[],
): Promise<Readonly<Record<Split, Figures>>> {
  const models = members.map((uri) => ({ model: { uri } }));
  const data = refOf(task.files.validation);
  const made = {
    uniform: await workshop.merge('soup-uniform', { models, linear: {} }),
    greedy: await workshop.merge('soup-greedy', { models, greedy_soup: { data, ...TEXTS } }),
    learned: await workshop.merge('soup-learned', {
      models,
      learned_soup: { data, ...TEXTS, budget: { epochs: 2 } },
    }),
  };
  const alone: number[] = [];
  for (const model of members) alone.push(await workshop.score(model, model, task, 'validation'));
  const best = members[alone.indexOf(Math.max(...alone))] ?? '';
  const figures: Record<Split, Record<string, number>> = { validation: {}, test: {} };
  for (const split of ['validation', 'test'] as const) {
    figures[split]['best single'] = await workshop.score(best, best, task, split);
    for (const [name, { out }] of Object.entries(made)) {
      figures[split][name] = await workshop.score(out, out, task, split);
    }
  }
  return figures;
}

const LAMBDAS = [0.3, 0.5, 0.7, 1];

/** Mean test accuracy over the tasks: base, task arithmetic with the λ that validation chose, aTLAS learned on validation. */
export async function additions(workshop: Workshop, members: readonly string[]): Promise<Figures> {
  const { tasks } = workshop;
  const models = members.map((uri) => ({ model: { uri } }));
  const withData = models.map((model, i) => ({ ...model, data: refOf(tasks[i]?.files.validation ?? '') }));
  const mean = async (model: string, split: Split): Promise<number> => {
    let sum = 0;
    for (const [i, task] of tasks.entries())
      sum += await workshop.score(model, members[i] ?? '', task, split);
    return sum / tasks.length;
  };
  const base = { uri: MODEL };
  let arithmetic = { out: '', validation: -1 };
  for (const lambda of LAMBDAS) {
    const { out } = await workshop.merge(`arithmetic-${lambda}`, {
      base,
      models,
      task_arithmetic: { lambda },
    });
    const validation = await mean(out, 'validation');
    if (validation > arithmetic.validation) arithmetic = { out, validation };
  }
  const atlas = await workshop.merge('atlas', {
    base,
    models: withData,
    // The authors' 0.001 is for some hundreds of steps on 8 tasks; these are 28.
    atlas: { ...TEXTS, budget: { epochs: 4, learning_rate: 0.03 } },
  });
  return {
    'zero-shot': await mean(MODEL, 'test'),
    'task arithmetic': await mean(arithmetic.out, 'test'),
    aTLAS: await mean(atlas.out, 'test'),
    'each alone':
      (
        await Promise.all(
          tasks.map((task, i) => workshop.score(members[i] ?? '', members[i] ?? '', task, 'test')),
        )
      ).reduce((x, y) => x + y, 0) / tasks.length,
    'validation of task arithmetic': arithmetic.validation,
    'validation of aTLAS': await mean(atlas.out, 'validation'),
  };
}

/** Test accuracy of the base, the model and its graft, the share of elements taken and that of the gain kept. */
export async function grafts(workshop: Workshop, task: PreparedTask, model: string): Promise<Figures> {
  const { out, metrics } = await workshop.merge(`graft-${task.name}`, {
    base: { uri: MODEL },
    models: [{ model: { uri: model }, data: { ...refOf(task.files.train), limit: 192 } }],
    // γ grows while it is learned; what it starts from leaves room under 1 %. The rate lets some of the 22.7 million elements turn over
    // in each step: gradient times change is up to 7e-6, and σ' is 4.5e-5 at first.
    graft: {
      ...TEXTS,
      sparsity: 0.005,
      budget: { steps: 4, learning_rate: 4e10 },
      batches_per_step: 6,
      validation: refOf(task.files.validation),
    },
  });
  const [low, high, own] = [
    await workshop.score(MODEL, model, task, 'test'),
    await workshop.score(model, model, task, 'test'),
    await workshop.score(out, model, task, 'test'),
  ];
  return {
    base: low,
    model: high,
    graft: own,
    'share taken': (metrics['grafted_elements'] ?? 0) / (metrics['elements'] ?? 1),
    'gain kept': (own - low) / (high - low),
  };
}
