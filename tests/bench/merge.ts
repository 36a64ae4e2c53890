import { execFile } from 'node:child_process';
import { mkdtemp, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { median } from './median.js';
import { type SequentialIo, sequentialIo } from './sequential-io.js';
import { type Timing, timed } from './timed.js';

const run = promisify(execFile);
const PYTHON = process.env['EIGENLOOM_PEERS'] ?? join(homedir(), '.cache', 'peers', 'bin', 'python');
const CLI = resolve('packages/cli/dist/main.js');
const SCRIPT = resolve('tests/bench/merge.py');
/** 22 layers are 1.1 B parameters. */
const LAYERS = process.env['EIGENLOOM_BENCH_LAYERS'] ?? '22';
const ROUNDS = Number(process.env['EIGENLOOM_BENCH_ROUNDS'] ?? '3');
/** `linear-2,ties-3`: method and number of models. Default: all. */
const ONLY = process.env['EIGENLOOM_BENCH_CASES']?.split(',');
/** Slow peers can be left out. */
const PEER = process.env['EIGENLOOM_BENCH_PEER'] !== '0';

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

interface Figures {
  readonly own: readonly Timing[];
  readonly peer: readonly Timing[];
  readonly least: readonly SequentialIo[];
}

/**
 * Whole commands on the same files in turn: Eigenloom, mergekit, and plain reading and writing; medians. The data folder is new each
 * time, so nothing is known from an earlier run. Eigenloom's output is on the disk when the command ends, mergekit's may not be.
 */
export async function merge(): Promise<void> {
  const cases = CASES.filter((item) => ONLY?.includes(nameOf(item)) ?? true);
  const folder = await mkdtemp(join(process.env['EIGENLOOM_BENCH_FOLDER'] ?? tmpdir(), 'eigenloom-merge-'));
  try {
    const count = Math.max(...cases.map(({ models }) => models));
    console.log(`making ${count + 1} models of ${LAYERS} layers in ${folder}`);
    await run(PYTHON, [SCRIPT, 'models', folder, String(count), LAYERS], { maxBuffer: 2 ** 26 });
    const { size } = await stat(join(folder, 'base', 'model.safetensors'));
    console.log(
      `each has ${(size / 1e9).toFixed(2)} GB; ${ROUNDS} rounds; floor: reading and writing, and syncing`,
    );
    console.log(HEADINGS.map((heading, index) => heading.padStart(WIDTHS[index] ?? 0)).join(''));
    for (const item of cases) console.log(rowOf(item, await figuresOf(item, folder)));
  } finally {
    await rm(folder, { recursive: true });
  }
}

const nameOf = ({ method, models }: Case): string => `${method}-${models}`;

async function figuresOf(item: Case, folder: string): Promise<Figures> {
  await writeFile(join(folder, 'case.yaml'), configuration(item));
  const [own, peer, least]: [Timing[], Timing[], SequentialIo[]] = [[], [], []];
  const models = Array.from({ length: item.models }, (_, i) => `m${i + 1}`);
  const inputs = [...models, ...(item.base ? ['base'] : [])].map((name) =>
    join(folder, name, 'model.safetensors'),
  );
  const ours = ['merge', 'case.yaml', '--out', 'ours', '--data-dir', 'data'];
  for (let round = 0; round < ROUNDS; round += 1) {
    await mkdir(join(folder, 'data'));
    least.push(await sequentialIo(inputs, join(folder, 'floor')));
    own.push(await timed(folder, [process.execPath, CLI, ...ours]));
    if (PEER) peer.push(await timed(folder, [PYTHON, SCRIPT, 'mergekit', 'case.yaml', 'theirs']));
    for (const name of ['ours', 'theirs', 'data'])
      await rm(join(folder, name), { recursive: true, force: true });
  }
  return { own, peer, least };
}

const HEADINGS = [
  'case',
  'eigenloom s',
  'CPU s',
  'MiB',
  'mergekit s',
  'MiB',
  'floor s',
  'synced',
  'mergekit/own',
  'own/floor',
  'own/synced',
];
const WIDTHS = [18, 13, 7, 6, 12, 7, 9, 8, 14, 11, 12];

/** A dash where mergekit was left out. */
const known = (value: number, digits: number): string => (Number.isNaN(value) ? '–' : value.toFixed(digits));

function rowOf(item: Case, { own, peer, least }: Figures): string {
  const seconds = (of: readonly Timing[]): number => median(of.map((timing) => timing.seconds));
  const memory = (of: readonly Timing[]): number => Math.max(...of.map((timing) => timing.residentMiB), 0);
  const floor = median(least.map((io) => io.seconds));
  const synced = median(least.map((io) => io.syncedSeconds));
  const [ours, theirs] = [seconds(own), seconds(peer)];
  const cells = [
    nameOf(item),
    ours.toFixed(2),
    median(own.map(({ cpuSeconds }) => cpuSeconds)).toFixed(2),
    memory(own).toFixed(0),
    known(theirs, 2),
    memory(peer).toFixed(0),
    floor.toFixed(2),
    synced.toFixed(2),
    known(theirs / ours, 1),
    (ours / floor).toFixed(2),
    (ours / synced).toFixed(2),
  ];
  return cells.map((cell, index) => cell.padStart(WIDTHS[index] ?? 0)).join('');
}
