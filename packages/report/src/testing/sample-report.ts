import type { Report, Series } from '../report.js';

const LAYERS = 12;
const MODULES = ['attention.self.query', 'attention.self.value', 'intermediate.dense', 'output.dense'];
const ATTACK = '<script>alert("1")</script>&\'';

/** Numbers without a generator: the same everywhere. */
const wave = (i: number): number => Math.sin(12.9898 * (i + 1)) * 0.5 + 0.5;

const names = Array.from({ length: LAYERS }, (_, layer) =>
  MODULES.map((module) => `bert.encoder.layer.${layer}.${module}`),
).flat();

const steps = Array.from({ length: 400 }, (_, i) => i + 1);
const losses = (name: string, rate: number): Series => ({
  name,
  mark: 'line',
  x: steps,
  y: steps.map((step) => (step === 200 ? null : 0.02 + 2 * Math.exp(-rate * step) + 0.06 * wave(step))),
});

/** A report with everything that a report may have; `attack` puts markup into every text. */
export function sampleReport(attack = false): Report {
  const text = (plain: string): string => (attack ? `${plain} ${ATTACK}` : plain);
  return {
    title: text('Spectra of MiniLM before and after fine-tuning'),
    method: attack ? ATTACK : 'spectrum',
    paper: attack ? ATTACK : 'arXiv 2410.21228',
    metrics: {
      [text('mean α')]: 2.734561,
      [text('loss')]: 3.2e-5,
      [text('tensors')]: 10400,
      [text('accuracy')]: null,
    },
    tables: [
      {
        id: 'tensors',
        title: text('Every weight'),
        columns: [
          { name: text('tensor') },
          { name: 'norm', unit: text('Frobenius'), description: text('Root of the sum of squares') },
          { name: 'rank' },
          { name: 'parameters' },
          { name: 'intruder', description: 'No singular vector of the base is like it' },
          { name: 'spectrum' },
          { name: 'digest' },
        ],
        rows: names.map((name, i) => ({
          [text('tensor')]: text(name),
          norm: 30 * wave(i) + 1 / 3,
          rank: i % 5 === 0 ? null : 300 + i,
          parameters: 147456 * (1 + (i % 3)),
          intruder: i % 7 === 0,
          spectrum: Array.from({ length: 100 }, (_, k) => 10 / (k + 1 + wave(i))),
          digest: String(2n ** 63n + BigInt(i)),
        })),
      },
    ],
    charts: [
      {
        id: 'loss',
        title: text('Training loss'),
        x: { label: text('step') },
        y: { label: 'loss (nats)', scale: 'log' },
        series: [losses(text('PiSSA'), 0.03), losses('LoRA', 0.015), losses('full fine-tuning', 0.05)],
      },
      {
        id: 'norms',
        title: text('Norm of each weight'),
        x: { label: 'tensor' },
        y: { label: text('Frobenius norm') },
        series: [{ name: 'norm', mark: 'bars', x: names.map(text), y: names.map((_, i) => 30 * wave(i)) }],
      },
      {
        id: 'accuracy',
        title: text('Accuracy by method'),
        x: { label: 'method' },
        y: { label: 'accuracy' },
        series: ['seed 1', 'seed 2', 'seed 3'].map((name, i) => ({
          name,
          mark: 'bars' as const,
          x: ['LoRA', 'PiSSA', 'EVA', 'full', text('OLoRA')],
          y: [0.81, 0.84, 0.83, 0.86, 0.8].map((mean, k) => mean + 0.01 * wave(5 * i + k)),
        })),
      },
      {
        id: 'law',
        title: text('Singular values'),
        x: { label: 'index', scale: 'log' },
        y: { label: 'σ', scale: 'log' },
        series: [
          {
            name: 'measured',
            mark: 'points',
            x: Array.from({ length: 384 }, (_, i) => i + 1),
            y: Array.from({ length: 384 }, (_, i) => (i === 380 ? 0 : (20 + 8 * wave(i)) / (i + 1) ** 0.8)),
          },
          { name: 'fit', mark: 'line', x: [1, 384], y: [26, 26 / 384 ** 0.8] },
        ],
      },
      {
        id: 'layers',
        title: text('Effective rank along the network'),
        x: { label: 'tensor' },
        y: { label: 'rank' },
        series: Array.from({ length: 10 }, (_, s) => ({
          name: text(`seed ${s}`),
          mark: 'line' as const,
          x: [...names, ...names.map((name) => `${name}.copy`)],
          y: Array.from({ length: 2 * names.length }, (_, i) => 200 + 20 * s + 60 * wave(i + s)),
        })),
      },
      {
        id: 'histogram',
        title: text('Density of the eigenvalues'),
        x: { label: 'eigenvalue' },
        y: { label: 'share' },
        series: [
          {
            name: 'weights',
            mark: 'bars',
            x: Array.from({ length: 40 }, (_, i) => 0.05 * i),
            y: Array.from(
              { length: 40 },
              (_, i) => 0.1 * Math.exp(-(((i - 14) / 9) ** 2)) * (0.8 + 0.4 * wave(i)),
            ),
          },
          {
            name: 'Marchenko and Pastur',
            mark: 'line',
            x: Array.from({ length: 80 }, (_, i) => 0.025 * i),
            y: Array.from({ length: 80 }, (_, i) => 0.1 * Math.exp(-(((i - 28) / 18) ** 2))),
          },
        ],
      },
    ],
    verdicts: [
      {
        id: 'starts',
        statement: text('PiSSA starts lower than LoRA.'),
        criterion: text('loss after 100 steps is lower for all of 3 seeds'),
        measured: text('0.31 against 0.52, 3 of 3 seeds'),
        held: true,
      },
      {
        id: 'intruders',
        statement: 'Full fine-tuning leaves no intruder dimensions.',
        criterion: 'no singular vector with a cosine below 0.5',
        measured: '2 of 240',
        held: false,
      },
    ],
    notes: [text('The seeds are 1, 2 and 3.')],
  };
}
