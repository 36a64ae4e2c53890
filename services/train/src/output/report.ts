import { methodId } from '@eigenloom/contracts';
import type { Report, Series } from '@eigenloom/report';
import type { TrainedState, TrainingOutput } from '../loop/messages.js';
import type { StepRecord } from '@eigenloom/training';
import { objectiveOf } from '../plan/choices.js';
import type { TrainPlan } from '../plan/train-plan.js';
import { validationMetrics } from './validation-metrics.js';

/** Steps that the loss is drawn at, at most; `training_log.jsonl` has all. */
const MAX_POINTS = 20_000;
/** Evaluations in the table, at most. */
const MAX_EVALUATIONS = 2_000;

/** Losses and evaluations of a run. Nothing here depends on the machine or the hour. */
export function reportOf(
  plan: TrainPlan,
  { state, keptStep, optimizerBytes }: TrainingOutput,
): Report & { readonly metrics: Readonly<Record<string, number>> } {
  const { method, objective } = plan;
  const { steps, evaluations } = state;
  const kept = evaluations.find(({ step }) => step === keptStep);
  return {
    title: 'Training run',
    method: method.kind,
    metrics: {
      steps: state.step,
      best_step: keptStep,
      ...lossesOf(steps),
      optimizer_bytes: optimizerBytes,
      ...(kept && validationMetrics(kept)),
    },
    tables: [
      {
        id: 'evaluations',
        title: 'Evaluations on the validation data',
        columns: [
          { name: 'step' },
          { name: 'loss', description: 'mean loss' },
          ...Object.entries(objectiveOf(plan).metrics).map(([name, description]) => ({ name, description })),
        ],
        rows: thinned(evaluations, MAX_EVALUATIONS, keptStep).map(({ step, loss, metrics }) => ({
          ...{ step, loss, ...metrics },
        })),
      },
    ],
    charts: [
      {
        id: 'loss',
        title: `Loss (${methodId(objective.$case).replaceAll('_', ' ')})`,
        x: { label: 'step' },
        y: { label: 'loss' },
        series: [lossSeries('training', thinned(steps, MAX_POINTS)), ...validation(evaluations)],
      },
    ],
    verdicts: [],
    notes: [],
  };
}

function lossesOf(steps: readonly StepRecord[]): Record<string, number> {
  const [first, last] = [steps[0], steps.at(-1)];
  return first === undefined || last === undefined ? {} : { first_loss: first.loss, last_loss: last.loss };
}

type Point = { readonly step: number; readonly loss: number };

const lossSeries = (name: string, points: readonly Point[]): Series => ({
  name,
  mark: 'line',
  x: points.map(({ step }) => step),
  y: points.map(({ loss }) => loss),
});

const validation = (evaluations: TrainedState['evaluations']): Series[] =>
  evaluations.length === 0 ? [] : [lossSeries('validation', thinned(evaluations, MAX_EVALUATIONS))];

/** Every k-th from the first, the last, and that of one step. */
function thinned<T extends Point>(points: readonly T[], most: number, always?: number): T[] {
  const apart = Math.max(1, Math.ceil(points.length / most));
  return points.filter(
    ({ step }, index) => index % apart === 0 || step === always || index === points.length - 1,
  );
}
