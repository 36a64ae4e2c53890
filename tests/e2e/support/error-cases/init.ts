import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tinyBertTensors, writeTinyBert } from '../tiny-bert.js';
import { type ErrorCase, goodModel, nothing, withWeights } from './error-case.js';

export const adapter = (more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => ({
  model: { uri: 'model' },
  target_modules: ['query'],
  lora: { rank: 4 },
  pissa: {},
  ...more,
});

/** What is wrong with requests for adapters. */
export const INIT_ERROR_CASES: readonly ErrorCase[] = [
  {
    title: 'a safetensors file whose header is cut off',
    service: 'init',
    prepare: withWeights((good) => good.subarray(0, 40)),
    request: adapter(),
    code: 'DATA_LOSS',
    reason: 'CORRUPT_SAFETENSORS',
    exitStatus: 5,
    message: /model\.safetensors/,
  },
  {
    title: 'a file that does not exist',
    service: 'init',
    prepare: nothing,
    request: adapter(),
    code: 'NOT_FOUND',
    reason: 'FILE_NOT_FOUND',
    exitStatus: 3,
    message: /model\.uri: .* does not exist/,
  },
  {
    title: 'a tensor with a value that is not a number',
    service: 'init',
    async prepare(folder: string): Promise<void> {
      const tensors = tinyBertTensors(1);
      const weight = tensors['encoder.layer.0.attention.self.query.weight'];
      weight?.values.set([Number.NaN], 5);
      await writeTinyBert(join(folder, 'model'), 1, tensors);
    },
    request: adapter(),
    code: 'FAILED_PRECONDITION',
    reason: 'NON_FINITE_INPUT',
    exitStatus: 4,
    message: /encoder\.layer\.0\.attention\.self\.query\.weight/,
  },
  {
    title: 'a path outside the allowed folders',
    service: 'init',
    prepare: nothing,
    request: adapter({ model: { uri: '../../../../../../../../etc' } }),
    wireRequest: (folder) => adapter({ model: { uri: `file:${folder}/../../../../../../../../etc` } }),
    throughServer: true,
    code: 'INVALID_ARGUMENT',
    reason: 'URI_OUTSIDE_ROOTS',
    exitStatus: 2,
    message: /model\.uri/,
  },
  {
    title: 'a path that leaves an artifact',
    service: 'init',
    prepare: nothing,
    request: adapter({ model: { uri: 'job:none/../../secret' } }),
    code: 'NOT_FOUND',
    reason: 'OPERATION_NOT_FOUND',
    exitStatus: 3,
    message: /model\.uri/,
  },
  {
    title: 'a config in which a key stands twice',
    service: 'init',
    async prepare(folder: string): Promise<void> {
      await goodModel(folder);
      await writeFile(join(folder, 'model/config.json'), '{"model_type": "bert",\n "model_type": "llama"}');
    },
    request: adapter(),
    code: 'DATA_LOSS',
    reason: 'CORRUPT_JSON',
    exitStatus: 5,
    message: /config\.json:2: the key "model_type" stands twice/,
  },
  {
    title: 'a target that matches no module',
    service: 'init',
    prepare: goodModel,
    request: adapter({ target_modules: ['query', 'qurey'] }),
    code: 'INVALID_ARGUMENT',
    reason: 'PATTERN_MATCHES_NOTHING',
    exitStatus: 2,
    message: /qurey/,
  },
  {
    title: 'rank 0',
    service: 'init',
    prepare: goodModel,
    request: adapter({ lora: { rank: 0 } }),
    code: 'INVALID_ARGUMENT',
    reason: 'OUT_OF_RANGE',
    exitStatus: 2,
    message: /lora\.rank: 0 is below 1/,
  },
  {
    title: 'a rank above the smaller side of a weight',
    service: 'init',
    prepare: goodModel,
    request: adapter({ lora: { rank: 33 } }),
    code: 'INVALID_ARGUMENT',
    reason: 'OUT_OF_RANGE',
    exitStatus: 2,
    message: /lora\.rank: 33/,
  },
  {
    title: 'an output that exists',
    service: 'init',
    async prepare(folder: string): Promise<void> {
      await goodModel(folder);
      await mkdir(join(folder, 'out'));
    },
    request: adapter(),
    code: 'ALREADY_EXISTS',
    reason: 'OUTPUT_EXISTS',
    exitStatus: 6,
    message: /output_uri/,
  },
  {
    title: 'an output below a file',
    service: 'init',
    async prepare(folder: string): Promise<void> {
      await goodModel(folder);
      await writeFile(join(folder, 'file'), '');
    },
    request: adapter(),
    wireOutput: 'file/out',
    commandLine: ['init', 'recipe.json', '--out', 'file/out'],
    code: 'INVALID_ARGUMENT',
    reason: 'NOT_A_FOLDER',
    exitStatus: 2,
    message: /output_uri: .*is a file where a folder is wanted/,
  },
];
