import { join } from 'node:path';
import { GRADIENTS } from '../gradients/register.js';
import { FUSED_KERNELS } from '../ops/index.js';
import { addSoftwareGpu } from '../testing/software-gpu.js';
import { runOnEngine } from '../worker/run-on-engine.js';
import { agree, toleranceOf, type Tolerance } from './conformance/agree.js';
import type { Evaluation, Outcome } from './conformance/evaluate.js';
import { CASES } from './conformance/index.js';
import type { BackendName } from './backends.js';
import { missingBackend } from './missing-backend.js';
import { NATIVE_KERNELS } from './native.js';

addSoftwareGpu();
const EVALUATE = join(__dirname, 'conformance', 'evaluate.js');
const evaluate = (backend: BackendName): Promise<Evaluation> =>
  runOnEngine<null, Evaluation>(EVALUATE, null, { backend });

let reference: Evaluation;
beforeAll(async () => {
  reference = await evaluate('cpu');
});

test('every native kernel, fused kernel and gradient is compared', () => {
  const compared = new Set(CASES.flatMap((c) => c.kernels));
  const kernels = [...NATIVE_KERNELS.keys(), ...FUSED_KERNELS.map(({ name }) => name)];
  const all = [...kernels, ...GRADIENTS.map(({ kernel }) => kernel)];
  expect(all.filter((name) => !compared.has(name))).toEqual([]);
});

describe.each(['native', 'tensorflow', 'webgpu'] as const)('%s against the stock CPU backend', (backend) => {
  const missing = missingBackend(backend);
  if (missing !== null) {
    test.skip(`skipped: ${missing}`, () => undefined);
    return;
  }
  let own: Evaluation;
  beforeAll(async () => {
    own = await evaluate(backend);
  });

  test.each(CASES.map((item, index) => ({ ...item, index })))('$name', ({ kernels, index }) => {
    compare(own.cases[index], reference.cases[index], toleranceOf(backend, kernels));
  });

  test('adamUpdate and globalNorm, and in place only what nothing else refers to', () => {
    compare(own.adam, reference.adam, toleranceOf(backend));
    const [, , before, held, start, source] = own.adam as readonly Float32Array[];
    expect(held).toEqual(before);
    expect(source).toEqual(start);
  });
});

function compare(actual: Outcome | undefined, expected: Outcome | undefined, tolerance: Tolerance): void {
  for (const outcome of [expected, actual]) {
    if (typeof outcome !== 'object') throw new Error(outcome ?? 'the case was not evaluated');
  }
  const [own, stock] = [actual, expected] as [readonly Float32Array[], readonly Float32Array[]];
  expect(own.length).toBe(stock.length);
  for (const [i, part] of stock.entries()) agree(own[i] ?? new Float32Array(0), part, tolerance);
}
