import type { Claim } from './claim.js';
import { writeMnist } from './intrinsic/mnist.js';
import type { Lab } from './lab.js';
import { percent } from './tasks.js';

/** Li et al. 2018, table 1: an MLP of 784-200-200-10 on MNIST, 199,210 weights. */
const PUBLISHED = 750;
const FACTOR = 3;
const AGREEMENT = 2;
/** By √2. */
const GRID = [45, 64, 91, 128, 181, 256, 362, 512, 724, 1024, 1448, 2048, 2896];
const KINDS = ['DENSE', 'SPARSE', 'FASTFOOD'] as const;
type Kind = (typeof KINDS)[number];

type Found = {
  readonly network: string;
  readonly projection: string;
  readonly seed: number;
  readonly d90: number | null;
  readonly full_score: number;
  readonly parameters: number;
};

interface Asked {
  readonly hidden: readonly number[];
  readonly kinds: readonly Kind[];
  readonly seeds: readonly number[];
}

/** Intrinsic dimension of objective landscapes. Li et al. 2018, arXiv:1804.08838. */
export const intrinsicLandscape: Claim = {
  row: 40,
  methods: ['intrinsic_dimension'],
  statement:
    'A perceptron learns MNIST to 90 % of its score in about 750 random dimensions of its 199,210, whichever random projection gives them.',
  criterion: `784-200-200-10, 2 seeds, sparse and Fastfood: each d90 is within a factor ${FACTOR} of ${PUBLISHED}; 784-40-40-10, one seed: the largest of the d90 by dense, sparse and Fastfood projections is at most ${AGREEMENT} times the smallest.`,
  missing:
    'the 60,000 images (here 4,000 to learn from and 1,000 to test); a dense projection of the published network, which would take 600 MB a step.',
  async run(lab) {
    const uri = lab.path('mnist.safetensors');
    await writeMnist(uri, lab.pick({ train: 4000, test: 1000 }, { train: 200, test: 100 }));
    const published = await found(lab, uri, {
      hidden: lab.pick([200, 200], [8, 8]),
      kinds: ['SPARSE', 'FASTFOOD'],
      seeds: lab.seeds(2),
    });
    const small = await found(lab, uri, { hidden: lab.pick([40, 40], [8, 8]), kinds: KINDS, seeds: [1] });
    const near = published.every(
      ({ d90 }) => d90 !== null && d90 <= FACTOR * PUBLISHED && d90 >= PUBLISHED / FACTOR,
    );
    const sizes = small.map(({ d90 }) => d90 ?? Infinity);
    const agree = Math.max(...sizes) <= AGREEMENT * Math.min(...sizes);
    const said = (rows: readonly Found[]): string =>
      rows.map(({ projection, d90 }) => `${projection} ${d90 ?? 'none'}`).join(', ');
    return {
      held: near && agree && sizes.every(Number.isFinite),
      measured: `784-200-200-10: d90 ${said(published)}, full score ${percent(published[0]?.full_score ?? 0)}; 784-40-40-10: ${said(small)}`,
      tables: [
        {
          id: 'found',
          title: 'Intrinsic dimensions',
          columns: Object.keys(published[0] ?? {}).map((name) => ({ name })),
          rows: [...published, ...small],
        },
      ],
    };
  },
};

async function found(lab: Lab, uri: string, { hidden, kinds, seeds }: Asked): Promise<Found[]> {
  const rows: Found[] = [];
  for (const seed of seeds) {
    let fullScore: number | undefined;
    for (const kind of kinds) {
      lab.say(`${hidden.join('-')}, ${kind.toLowerCase()}, seed ${seed}`);
      const { report } = await lab.run('analysis', {
        seed: String(seed),
        intrinsicDimension: {
          ...{ data: { uri }, hidden, projection: `PROJECTION_${kind}` },
          dimensions: lab.pick(GRID, [8, 64]),
          steps: lab.pick(1000, 3),
          // The first run of a seed measures it for the others.
          ...(fullScore !== undefined && { fullScore }),
        },
      });
      const { d90 = null, full_score: score, parameters } = report.metrics;
      fullScore = score ?? NaN;
      rows.push({
        ...{ network: hidden.join('-'), projection: kind.toLowerCase(), seed, d90 },
        ...{ full_score: fullScore, parameters: parameters ?? NaN },
      });
    }
  }
  return rows;
}
