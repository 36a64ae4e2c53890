import { join } from 'node:path';

import { missingBackend, runOnEngine } from '@eigenloom/engine';

import { type Rates } from './backend-rates.js';

const COMPARED = ['native', 'tensorflow', 'webgpu'] as const;

/** Product of 2048 × 2048 through tf.js, and a LoRA step of MiniLM, on each backend that is there; medians. */
export async function backends(): Promise<void> {
  console.log('backend         GEMM 2048 GFLOP/s   LoRA step of 32 × 64 s');
  for (const backend of COMPARED) {
    const missing = missingBackend(backend);
    if (missing !== null) {
      console.log(`${backend.padEnd(12)} skipped: ${missing}`);
      continue;
    }
    const module = join(__dirname, 'backend-rates.js');
    const { gemm, stepSeconds } = await runOnEngine<null, Rates>(module, null, { backend });
    console.log(
      `${backend.padEnd(12)} ${gemm.toFixed(0).padStart(20)} ${stepSeconds.toFixed(3).padStart(24)}`,
    );
  }
}
