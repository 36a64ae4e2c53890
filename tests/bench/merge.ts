import { execFile } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Writable } from 'node:stream';
import { promisify } from 'node:util';

import { median } from './median.js';

const run = promisify(execFile);
const PYTHON = process.env['EIGENLOOM_PEERS'] ?? join(homedir(), '.cache', 'peers', 'bin', 'python');
const CLI = resolve('packages/cli/dist/main.js');
const SCRIPT = resolve('tests/bench/merge.py');
/** 22 layers are 1.1 B parameters. */
const LAYERS = process.env['EIGENLOOM_BENCH_LAYERS'] ?? '22';
const ROUNDS = Number(process.env['EIGENLOOM_BENCH_ROUNDS'] ?? '3');
const BUFFER_BYTES = 16 * 2 ** 20;

interface Case {
  readonly method: string;
  readonly models: number;
  readonly base: boolean;
  /** Of every model, in YAML. */
  readonly each?: string;
  readonly parameters?: string;
}

const CASES: readonly Case[] = [
  { method: 'linear', models: 2, base: false, each: 'weight: 0.5' },
  { method: 'linear', models: 3, base: false, each: 'weight: 0.4' },
  { method: 'slerp', models: 2, base: false, parameters: 't: 0.4' },
  { method: 'task_arithmetic', models: 2, base: true, each: 'weight: 0.5' },
  { method: 'ties', models: 2, base: true, each: 'weight: 0.5, density: 0.5' },
  { method: 'ties', models: 3, base: true, each: 'weight: 0.4, density: 0.5' },
  { method: 'dare_ties', models: 2, base: true, each: 'weight: 0.5, density: 0.5' },
  { method: 'breadcrumbs', models: 2, base: true, each: 'weight: 0.5, density: 0.9, gamma: 0.01' },
  { method: 'model_stock', models: 2, base: true },
  { method: 'karcher', models: 2, base: false },
];

/** A configuration of mergekit; both programs read it. */
function configuration({ method, models, base, each, parameters }: Case): string {
  const lines = [`merge_method: ${method}`, 'dtype: float32', 'out_dtype: bfloat16', 'models:'];
  for (let i = 1; i <= models; i += 1) {
    lines.push(`- model: m${i}`);
    if (each !== undefined) lines.push(`  parameters: {${each}}`);
  }
  if (base) lines.push('base_model: base');
  if (method === 'slerp') lines.push('base_model: m1');
  if (parameters !== undefined) lines.push(`parameters: {${parameters}}`);
  return `${lines.join('\n')}\n`;
}

interface Timing {
  readonly seconds: number;
  /** Largest resident set, pages of mapped files included. */
  readonly residentMiB: number;
}

/** GNU time's figures of a command. */
async function timed(folder: string, command: readonly string[]): Promise<Timing> {
  const figures = join(folder, 'time.txt');
  const start = performance.now();
  await run('/usr/bin/time', ['-o', figures, '-f', '%M', ...command], { cwd: folder, maxBuffer: 2 ** 26 });
  const seconds = (performance.now() - start) / 1000;
  return { seconds, residentMiB: Number((await readFile(figures, 'utf8')).trim().split('\n').at(-1)) / 1024 };
}

/** The floor: every input read once and one output of a model's size written, both in order, by plain reads and writes. */
async function floor(folder: string, inputs: readonly string[]): Promise<number> {
  const out = join(folder, 'floor');
  const start = performance.now();
  const file = (name: string): string => join(folder, name, 'model.safetensors');
  const options = { highWaterMark: BUFFER_BYTES };
  for (const [index, name] of inputs.entries()) {
    const reading = createReadStream(file(name), options);
    if (index === 0) await pipeline(reading, createWriteStream(out, options));
    else
      await pipeline(
        reading,
        new Writable({
          write: (_part, _encoding, done) => {
            done();
          },
        }),
      );
  }
  const seconds = (performance.now() - start) / 1000;
  await rm(out);
  return seconds;
}

/** Seconds of whole commands, on the same files in turn: Eigenloom, mergekit, and plain reading and writing; medians. */
export async function merge(): Promise<void> {
  const folder = await mkdtemp(join(process.env['EIGENLOOM_BENCH_FOLDER'] ?? tmpdir(), 'eigenloom-merge-'));
  try {
    console.log(`making four models of ${LAYERS} layers in ${folder}`);
    await run(PYTHON, [SCRIPT, 'models', folder, '3', LAYERS], { maxBuffer: 2 ** 26 });
    const { size } = await stat(join(folder, 'base', 'model.safetensors'));
    console.log(`each has ${(size / 1e9).toFixed(2)} GB`);
    console.log(
      'method           models  eigenloom s  MiB   mergekit s  MiB   floor s  mergekit/eigenloom  eigenloom/floor',
    );
    for (const item of CASES) await compare(item, folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function compare(item: Case, folder: string): Promise<void> {
  const recipe = join(folder, 'case.yaml');
  await writeFile(recipe, configuration(item));
  const own: Timing[] = [];
  const peer: Timing[] = [];
  const floors: number[] = [];
  const inputs = [
    ...Array.from({ length: item.models }, (_, i) => `m${i + 1}`),
    ...(item.base ? ['base'] : []),
  ];
  for (let round = 0; round < ROUNDS; round += 1) {
    await mkdir(join(folder, 'data'), { recursive: true });
    floors.push(await floor(folder, inputs));
    own.push(
      await timed(folder, [
        process.execPath,
        CLI,
        'merge',
        'case.yaml',
        '--out',
        'ours',
        '--data-dir',
        'data',
      ]),
    );
    peer.push(await timed(folder, [PYTHON, SCRIPT, 'mergekit', 'case.yaml', 'theirs']));
    for (const name of ['ours', 'theirs', 'data']) await rm(join(folder, name), { recursive: true });
  }
  const seconds = (of: readonly Timing[]): number => median(of.map((timing) => timing.seconds));
  const memory = (of: readonly Timing[]): string =>
    Math.max(...of.map((timing) => timing.residentMiB)).toFixed(0);
  const [ours, theirs, least] = [seconds(own), seconds(peer), median(floors)];
  console.log(
    [
      item.method.padEnd(16),
      String(item.models).padStart(6),
      ours.toFixed(2).padStart(12),
      memory(own).padStart(5),
      theirs.toFixed(2).padStart(12),
      memory(peer).padStart(5),
      least.toFixed(2).padStart(9),
      (theirs / ours).toFixed(1).padStart(19),
      (ours / least).toFixed(2).padStart(16),
    ].join(' '),
  );
}
