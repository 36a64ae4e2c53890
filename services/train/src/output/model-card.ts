import { methodId } from '@eigenloom/contracts';
import { EXAMPLE_KINDS } from '@eigenloom/models';
import type { CardLines, Evaluation } from '@eigenloom/training';
import type { TrainingOutput } from '../loop/messages.js';
import { examplesLine } from './example-counts.js';
import { ruleOf } from '../plan/choices.js';
import type { TrainPlan } from '../plan/train-plan.js';

/** README.md of the result: what it is, how it was trained, how to load it. `method` says what was trained. */
export function modelCard(
  plan: TrainPlan,
  output: TrainingOutput,
  method: string,
  layout: CardLines,
): string {
  const isAdapter = plan.method.kind === 'adapter';
  return [
    '---',
    `library_name: ${isAdapter ? 'peft' : 'transformers'}`,
    'tags: [eigenloom]',
    '---',
    '',
    `# ${isAdapter ? 'Adapter' : 'Fine-tuned model'}`,
    '',
    '| | |',
    '|---|---|',
    ...cardRows(plan, output, method, layout).map(([name, value]) => `| ${name} | ${value} |`),
    '',
    '`training_log.jsonl` has the loss of every step and every evaluation.',
    ...(layout.note === '' ? [] : ['', layout.note]),
    '',
  ].join('\n');
}

type Row = readonly [name: string, value: string];

function cardRows(
  plan: TrainPlan,
  { state, keptStep, labels, totalSteps, counts }: TrainingOutput,
  method: string,
  layout: CardLines,
): Row[] {
  const kept = state.evaluations.find(({ step }) => step === keptStep);
  const kind = EXAMPLE_KINDS[counts.kind];
  const rows: (Row | null)[] = [
    ['Method', method],
    ['Objective', methodId(plan.objective.$case).replaceAll('_', ' ')],
    labels.length === 0 ? null : ['Classes', labels.map(escaped).join(', ')],
    layout.head === '' ? null : ['Head', layout.head],
    ['Steps', `${state.step} of at most ${totalSteps}; the weights are those of step ${keptStep}`],
    ['Batch size', String(plan.batchSize)],
    ...kind.settings(plan),
    [capitalised(kind.noun), examplesLine(counts)],
    ['Optimiser', optimizerOf(plan)],
    ['Schedule', `${plan.schedule.kind}, ${plan.schedule.warmupSteps} steps of warm-up`],
    plan.precision === 'f32' ? null : ['Precision', `products of ${plan.precision}`],
    plan.frozenWeights === 'f32' ? null : ['Frozen weights', `held in ${plan.frozenWeights}`],
    ['Seed', String(plan.seed)],
    kept === undefined ? null : ['Validation', evaluationLine(kept)],
  ];
  return rows.filter((row) => row !== null);
}

const evaluationLine = ({ loss, metrics }: Evaluation): string =>
  Object.entries({ loss, ...metrics })
    .map(([name, value]) => `${name.replaceAll('_', ' ')} ${value.toFixed(4)}`)
    .join(', ');

const capitalised = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
const escaped = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/[\r\n]+/g, ' ');

function optimizerOf(plan: TrainPlan): string {
  const { optimizer: o } = plan;
  const { name, settings } = ruleOf(plan);
  const clipping = o.maxGradientNorm > 0 ? `gradient norm at most ${o.maxGradientNorm}` : 'no clipping';
  const own = settings === '' ? '' : `${settings}, `;
  return `${name}, learning rate ${o.learningRate}, ${own}weight decay ${o.weightDecay}, ${clipping}`;
}
