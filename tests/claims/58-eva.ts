import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { readAdapter } from '@eigenloom/checkpoint';
import { matmul, SafetensorsFile, svd } from '@eigenloom/numeric';
import type { Claim } from './claim.js';
import { MINILM } from './tasks.js';

const GOLDEN = resolve('tests/claims/golden');
const MIN_COSINE = 0.999;

interface Golden {
  readonly length: number;
  readonly rank: number;
  readonly ranks: Readonly<Record<string, number>>;
}

/** EVA. Paischer et al. 2024, arXiv:2410.07170. */
export const eva: Claim = {
  row: 58,
  methods: ['eva'],
  statement:
    'EVA starts LoRA from the principal components of the activations, with ranks by explained variance, as PEFT does.',
  criterion: `on MiniLM and 48 texts every module has PEFT 0.21's rank, and the smallest cosine of the principal angles between the subspaces is at least ${MIN_COSINE} in every module.`,
  missing: '',
  async run(lab) {
    const golden = JSON.parse(await readFile(join(GOLDEN, 'eva.json'), 'utf8')) as Golden;
    const expected = await SafetensorsFile.open(join(GOLDEN, 'eva.safetensors'));
    const made = await lab.run('init', {
      model: { uri: MINILM },
      targetModules: ['query', 'key', 'value', 'attention.output.dense'],
      lora: { rank: golden.rank, alpha: golden.rank },
      eva: {
        data: { uri: join(GOLDEN, 'eva.jsonl') },
        batching: { batchSize: 48, maxLength: golden.length },
        maxBatches: 4,
      },
      seed: '1',
    });
    const { modules } = await readAdapter(made.folder);
    const rows: Row[] = [];
    for (const [module, peftRank] of Object.entries(golden.ranks)) {
      const pair = modules.get(module);
      const [rank, columns] = [pair?.rank ?? 0, pair?.aShape[1] ?? 0];
      // The components that both have.
      const shared = Math.min(rank, peftRank);
      const theirs = {
        rows: shared,
        columns,
        data: (await expected.read(module, 'f64')).subarray(0, shared * columns),
      };
      const ours = {
        rows: shared,
        columns,
        data: Float64Array.from(pair?.a ?? []).subarray(0, shared * columns),
      };
      const product = await matmul(ours, theirs, { transposeB: true });
      const { s: cosines } = await svd(product, { vectors: 'none' });
      rows.push({ module, rank, peft_rank: peftRank, min_cosine: Math.min(...cosines) });
    }
    const equal = rows.filter((row) => row.rank === row.peft_rank).length;
    const worst = Math.min(...rows.map(({ min_cosine: cosine }) => cosine));
    const inputs = new Set(rows.map(({ module }) => inputOf(module)));
    const of = (input: string): Row[] => rows.filter(({ module }) => inputOf(module) === input);
    const sums = [...inputs].filter((input) => sum(of(input), 'rank') === sum(of(input), 'peft_rank')).length;
    return {
      held: equal === rows.length && worst >= MIN_COSINE,
      measured: `${equal} of ${rows.length} ranks are PEFT's; those of the modules of one input add up to PEFT's in ${sums} of ${inputs.size} inputs (query, key and value explain equal shares, and PEFT orders equal shares by an unstable sort); smallest cosine ${worst.toFixed(6)}`,
      tables: [
        {
          id: 'modules',
          title: 'Modules',
          columns: ['module', 'rank', 'peft_rank', 'min_cosine'].map((name) => ({ name })),
          rows,
        },
      ],
    };
  },
};

type Row = Readonly<Record<'module', string> & Record<'rank' | 'peft_rank' | 'min_cosine', number>>;

/** Query, key and value of a layer read one input. */
const inputOf = (module: string): string => module.replace(/(query|key|value)$/, '');

const sum = (rows: readonly Row[], column: 'rank' | 'peft_rank'): number =>
  rows.reduce((total, row) => total + row[column], 0);
