import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { taskHeads } from './adapter/target-rules.js';
import { golden } from './testing/safetensors-bytes.js';
import { selectTargets } from './select-targets.js';

interface Case {
  readonly class: string;
  readonly task: string;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly targets: readonly string[];
}
const CASES = JSON.parse(readFileSync(golden(join('..', 'all-linear', 'expected.json')), 'utf8')) as Case[];
const shapesOf = (shapes: Case['shapes']): Map<string, { shape: readonly number[] }> =>
  new Map(Object.entries(shapes).map(([name, shape]) => [name, { shape }]));

test.each(CASES.map((each) => [each.class, each] as const))(
  'all-linear of %s as in PEFT',
  (_, { shapes, task, targets }) => {
    const wish = { field: 'target_modules', inFull: taskHeads(task) };
    expect(selectTargets(shapesOf(shapes), ['all-linear'], wish).sort()).toEqual(targets);
    expect(selectTargets(shapesOf(shapes), ['ALL-LINEAR'], wish).sort()).toEqual(targets);
  },
);

const MODEL = shapesOf({
  'layers.0.q_proj.weight': [4, 4],
  'layers.0.conv.weight': [4, 4, 3],
  'layers.0.experts.gate_up_proj': [2, 8, 4],
  'layers.0.experts.wide.weight': [2, 8, 4],
  'layers.0.A_log': [4],
  'layers.0.input_layernorm.weight': [4],
  'all-linear-layers.weight': [4, 4],
  'score.weight': [2, 4],
});
const refusal = (pattern: string): string => {
  try {
    selectTargets(MODEL, ['q_proj', pattern], { field: 'target_modules', inFull: [] });
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
};

test.each([
  [
    'gate_up_proj',
    'target_modules[1]: "gate_up_proj" is a stack of experts: layers.0.experts.gate_up_proj [2, 8, 4]',
  ],
  ['A_log', 'target_modules[1]: "A_log" is a parameter (layers.0.A_log [4]), not a linear module'],
  [
    'layers.0',
    'target_modules[1]: "layers.0" is made of other modules; name those that are linear: "q_proj", "conv"',
  ],
  ['q_prj', 'target_modules[1]: "q_prj" matches no module; did you mean "q_proj"?'],
])('%s is told what it is', (pattern, message) => {
  expect(refusal(pattern)).toContain(message);
});

test('what is trained in full gets no pair', () => {
  const wish = { field: 'f', inFull: ['score'] };
  expect(selectTargets(MODEL, ['q_proj', 'score'], wish)).toEqual(['layers.0.q_proj']);
});
