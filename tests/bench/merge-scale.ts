import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { type Sizes, writeSparseModel } from './sparse-model.js';
import { timed } from './timed.js';

const CLI = resolve('packages/cli/dist/main.js');
const BILLION = 1e9;
/** TinyLlama-1.1B and Llama-7B. */
const SIZES: readonly Sizes[] = [
  { layers: 22, hidden: 2048, inner: 5632, keyValues: 256, vocabulary: 32000 },
  { layers: 32, hidden: 4096, inner: 11008, keyValues: 4096, vocabulary: 32000 },
];
const MODELS = ['base', 'm1', 'm2'];
const each = '{weight: 0.5, density: 0.5}';
const recipe = (method: string, base: boolean): string =>
  [
    `merge_method: ${method}`,
    'dtype: float32',
    'out_dtype: bfloat16',
    ...(base ? ['base_model: base'] : []),
    'models:',
    `- {model: m1, parameters: ${base ? each : '{weight: 0.5}'}}`,
    `- {model: m2, parameters: ${base ? each : '{weight: 0.5}'}}`,
    '',
  ].join('\n');
const CASES: readonly (readonly [string, string])[] = [
  ['linear', recipe('linear', false)],
  ['ties', recipe('ties', true)],
];

/**
 * Seconds and memory of whole commands on models of 1.1 and 7 billion parameters. Their files are mostly holes, so that they need no
 * space, only the output does; what is read and hashed is as long as ever, but the values say nothing about the speed of real ones.
 */
export async function mergeScale(): Promise<void> {
  const folder = await mkdtemp(join(process.env['EIGENLOOM_BENCH_FOLDER'] ?? tmpdir(), 'eigenloom-scale-'));
  try {
    console.log('method   parameters    GB   seconds    CPU s     MiB   seconds/GB');
    for (const sizes of SIZES) {
      let bytes = 0;
      for (const [index, name] of MODELS.entries()) {
        bytes = await writeSparseModel(join(folder, name), sizes, 0.5 ** (4 + index));
      }
      for (const [name, text] of CASES) await measure(folder, name, text, bytes);
      for (const name of MODELS) await rm(join(folder, name), { recursive: true });
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function measure(folder: string, method: string, text: string, bytes: number): Promise<void> {
  await writeFile(join(folder, 'case.yaml'), text);
  const command = [process.execPath, CLI, 'merge', 'case.yaml', '--out', 'out', '--data-dir', 'data'];
  const { seconds, cpuSeconds, residentMiB } = await timed(folder, command);
  for (const name of ['out', 'data']) await rm(join(folder, name), { recursive: true, force: true });
  const cells = [
    method.padEnd(8),
    `${(bytes / 2 / BILLION).toFixed(1)} B`.padStart(10),
    (bytes / BILLION).toFixed(1).padStart(6),
    seconds.toFixed(1).padStart(9),
    cpuSeconds.toFixed(1).padStart(8),
    residentMiB.toFixed(0).padStart(7),
    ((seconds / bytes) * BILLION).toFixed(2).padStart(12),
  ];
  console.log(cells.join(' '));
}
