import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { startPeer, startSide } from './peer.js';
import { CASES } from './training/cases.js';
import type { JobAnswer, JobRequest } from './training/memory-job.js';
import { startAdapter } from './training/timed-step.js';

const THREADS = 2;
const STEPS = 3;
const TOKENIZER = '.cache/models/all-MiniLM-L6-v2';
const WORDS = ['river', 'stone', 'light', 'winter', 'market', 'engine', 'garden', 'letter'];

/** What a request adds, by a label. */
const SETTINGS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  f32: {},
  checkpointing: { activation_checkpointing: true },
  'bf16 weights': { frozen_weights: 'FROZEN_WEIGHTS_BF16' },
  'NF4 weights': { frozen_weights: 'FROZEN_WEIGHTS_NF4' },
  'NF4, checkpointing': { frozen_weights: 'FROZEN_WEIGHTS_NF4', activation_checkpointing: true },
  'NF4, checkpointing, bf16 products': {
    ...{ frozen_weights: 'FROZEN_WEIGHTS_NF4', activation_checkpointing: true, precision: 'PRECISION_BF16' },
  },
};

/**
 * The memory of training jobs of three steps beside their estimates: LoRA on MiniLM (32 × 64) and on random weights of SmolLM2-135M's sizes
 * (4 × 256), each job in a process of its own. What the process holds before the job is printed apart.
 */
export async function memory(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'eigenloom-bench-'));
  try {
    for (const name of ['MiniLM 32×64', 'SmolLM2-135M 4×256']) await measure(name, folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function measure(name: string, folder: string): Promise<void> {
  const found = CASES.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no case ${name}`);
  const { model: source, targets, batch, length, task } = found;
  const model = typeof source === 'string' ? resolve(source) : await made(source, folder);
  const adapter = join(folder, `adapter of ${name}`);
  await startAdapter({ model, targets }, adapter);
  const data = join(folder, `${name}.jsonl`);
  await writeFile(data, textsOf(batch, length));
  const request = {
    ...{ model: { uri: model }, train_data: { uri: data }, adapter: { uri: adapter }, max_steps: STEPS },
    batching: { batch_size: batch, max_length: length },
    ...(task === 'texts' ? { sequence_classification: {} } : { causal_language_modeling: {} }),
  };
  console.log(name);
  for (const [label, changes] of Object.entries(SETTINGS)) {
    const job = startSide<JobRequest, JobAnswer>('training/memory-job.js');
    try {
      const roots = [model, folder];
      print(label, await job.ask({ threads: THREADS, request: { ...request, ...changes }, roots }));
    } finally {
      job.close();
    }
  }
}

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

function print(label: string, { estimateBytes, emptyBytes, peakBytes, seconds, loss }: JobAnswer): void {
  const own = peakBytes - emptyBytes;
  const parts = [
    `estimate ${mebibytes(estimateBytes)}`,
    `peak ${mebibytes(own)} above ${mebibytes(emptyBytes)}`,
    `ratio ${(own / estimateBytes).toFixed(2)}`,
    `${seconds.toFixed(1)} s`,
    `loss ${loss.toFixed(4)}`,
  ];
  console.log(`  ${label.padEnd(34)} ${parts.join('  ')}`);
}

/** A model of random weights that reads texts by MiniLM's tokenizer. */
async function made(config: Readonly<Record<string, unknown>>, folder: string): Promise<string> {
  const model = join(folder, String(config['model_type']));
  const peer = startPeer<object, object>('training/pytorch.py');
  try {
    await peer.ask({ make: config, seed: 1, folder: model });
  } finally {
    peer.close();
  }
  for (const name of ['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json'])
    await copyFile(join(TOKENIZER, name), join(model, name));
  return model;
}

/** Texts of two classes that fill the length. */
const textsOf = (batch: number, length: number): string =>
  Array.from({ length: STEPS * batch }, (_, i) => {
    const words = Array.from({ length }, (_word, j) => WORDS[(i * 5 + j * 3) % WORDS.length]);
    return JSON.stringify({ text: words.join(' '), label: i % 2 === 0 ? 'a' : 'b' });
  }).join('\n');
