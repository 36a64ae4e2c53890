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
    const rows = [];
    for (const [module, rank] of Object.entries(golden.ranks)) {
      const pair = modules.get(module);
      const columns = pair?.aShape[1] ?? 0;
      const theirs = { rows: rank, columns, data: await expected.read(module, 'f64') };
      const ours = { rows: pair?.rank ?? 0, columns, data: Float64Array.from(pair?.a ?? []) };
      const same = ours.rows === rank;
      const product = same ? await matmul(ours, theirs, { transposeB: true }) : undefined;
      const cosine = product === undefined ? 0 : Math.min(...(await svd(product, { vectors: 'none' })).s);
      rows.push({ module, rank: ours.rows, peft_rank: rank, min_cosine: cosine });
    }
    const equal = rows.filter((row) => row.rank === row.peft_rank).length;
    const worst = Math.min(...rows.map(({ min_cosine: cosine }) => cosine));
    return {
      held: equal === rows.length && worst >= MIN_COSINE,
      measured: `${equal} of ${rows.length} ranks are PEFT's; smallest cosine ${worst.toFixed(6)}`,
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
