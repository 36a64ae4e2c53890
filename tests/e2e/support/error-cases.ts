import { copyFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ADAPTER_ERROR_CASES } from './adapter-error-cases.js';
import type { Service } from './grpc.js';
import { safetensorsOf, writeSafetensors } from './safetensors.js';
import { tinyBertTensors, writeTinyBert } from './tiny-bert.js';

/** One way in which a request can fail, and what it looks like from outside. */
export interface ErrorCase {
  /** What is wrong, for the guide. */
  readonly title: string;
  readonly service: Service;
  /** Makes what the request reads, in an empty folder. */
  prepare(folder: string): Promise<void>;
  /** Proto3 JSON of the request; paths are relative to the folder of `prepare`. */
  readonly request: Readonly<Record<string, unknown>>;
  /** Fields that a client sends instead of those of `request`. */
  readonly wireRequest?: (folder: string) => Readonly<Record<string, unknown>>;
  /** Where a client of a server asks for the result; default: `out`. */
  readonly wireOutput?: string;
  /** Command line instead of one with `recipe.json`. */
  readonly commandLine?: readonly string[];
  /** The command asks the server, whose files are limited. */
  readonly throughServer?: boolean;
  /** Name of the gRPC status, or undefined where the mistake cannot reach a server. */
  readonly code: string | undefined;
  readonly reason: string;
  readonly exitStatus: number;
  /** The line on standard error, after `eigenloom: `. */
  readonly message: RegExp;
}

const model = (folder: string): Promise<void> => writeTinyBert(join(folder, 'model'));
const nothing = (): Promise<void> => Promise.resolve();

const adapter = (more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => ({
  model: { uri: 'model' },
  targetModules: ['query'],
  rank: 4,
  pissa: {},
  ...more,
});
const spectrum = { model: { uri: 'model' }, spectrum: {} };

const training = (texts: string, more: object = {}): Readonly<Record<string, unknown>> => ({
  model: { uri: 'model' },
  trainData: { uri: texts },
  full: {},
  sequenceClassification: more,
  maxLength: 8,
  maxSteps: 1,
});
/** A good model and a file beside it. */
const data =
  (name: string, content: string) =>
  async (folder: string): Promise<void> => {
    await model(folder);
    await writeFile(join(folder, name), content);
  };

/** Replaces the weights of a good model. */
const withWeights =
  (bytes: (good: Buffer) => Buffer) =>
  async (folder: string): Promise<void> => {
    await model(folder);
    const path = join(folder, 'model/model.safetensors');
    await writeFile(path, bytes(await readFile(path)));
  };

/** What `pickle.dumps` makes of a call of `os.system`: protocol 4, by pickletools. */
const PICKLE = Buffer.from(
  '80049521000000000000008c05706f736978948c0673797374656d9493948c06746f75636820789485945294 2e'.replace(
    ' ',
    '',
  ),
  'hex',
);

/** Nine levels of ten aliases each: a billion strings if it were expanded. */
const ALIAS_BOMB = Array.from({ length: 10 }, (_, level) => {
  const inner = level === 0 ? '"x"' : `*l${level - 1}`;
  return `l${level}: &l${level} [${Array.from({ length: 10 }, () => inner).join(', ')}]`;
}).join('\n');

export const ERROR_CASES: readonly ErrorCase[] = [
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
    title: 'a safetensors file with a hole between tensors',
    service: 'analysis',
    prepare: withWeights(() =>
      safetensorsOf(
        '{"a.weight":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},"b.weight":{"dtype":"F32","shape":[1,1],"data_offsets":[8,12]}}',
        Buffer.alloc(12),
      ),
    ),
    request: spectrum,
    code: 'DATA_LOSS',
    reason: 'CORRUPT_SAFETENSORS',
    exitStatus: 5,
    message: /model\.safetensors/,
  },
  {
    title: 'an unknown method',
    service: 'init',
    prepare: model,
    request: { model: { uri: 'model' }, targetModules: ['query'], rank: 4 },
    commandLine: [
      'init',
      '--model',
      'model',
      '--target',
      'query',
      '--rank',
      '4',
      '--method',
      'pisa',
      '--out',
      'out',
    ],
    code: 'INVALID_ARGUMENT',
    reason: 'METHOD_MISSING',
    exitStatus: 2,
    message: /pisa.*did you mean.*pissa/i,
  },
  {
    title: 'models whose tensors have different shapes',
    service: 'merge',
    async prepare(folder: string): Promise<void> {
      await model(folder);
      const tensors = tinyBertTensors(2);
      tensors['pooler.dense.bias'] = { shape: [31], values: new Float32Array(31) };
      await writeTinyBert(join(folder, 'other'), 2, tensors);
    },
    request: { models: [{ model: { uri: 'model' } }, { model: { uri: 'other' } }], linear: {} },
    code: 'FAILED_PRECONDITION',
    reason: 'INCOMPATIBLE_MODELS',
    exitStatus: 4,
    message: /pooler\.dense\.bias/,
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
    title: 'a result whose values its type cannot hold',
    service: 'merge',
    async prepare(folder: string): Promise<void> {
      const tensors = tinyBertTensors(1);
      // The largest float16 is 65504.
      tensors['encoder.layer.0.attention.self.query.weight']?.values.set([1e5], 5);
      await writeTinyBert(join(folder, 'model'), 1, tensors);
    },
    request: {
      models: [{ model: { uri: 'model' } }],
      passthrough: {},
      outputDataType: 'DATA_TYPE_F16',
      allowUnchanged: true,
    },
    code: 'INTERNAL',
    reason: 'NON_FINITE_RESULT',
    exitStatus: 10,
    message: /encoder\.layer\.0\.attention\.self\.query\.weight": 1 of \d+ values .* as F16.* 65504/,
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
    title: 'a shard index that names a file outside the model',
    service: 'analysis',
    async prepare(folder: string): Promise<void> {
      await model(folder);
      await writeSafetensors(join(folder, 'secret.safetensors'), {
        'a.weight': { shape: [2, 2], values: new Float32Array(4) },
      });
      await rm(join(folder, 'model/model.safetensors'));
      await writeFile(
        join(folder, 'model/model.safetensors.index.json'),
        JSON.stringify({ metadata: {}, weight_map: { 'a.weight': '../secret.safetensors' } }),
      );
    },
    request: spectrum,
    code: 'INVALID_ARGUMENT',
    reason: 'UNSAFE_FILE_NAME',
    exitStatus: 2,
    message: /secret/,
  },
  {
    title: 'a pickle under the name of a safetensors file',
    service: 'analysis',
    prepare: withWeights(() => PICKLE),
    request: spectrum,
    code: 'INVALID_ARGUMENT',
    reason: 'PICKLE_REFUSED',
    exitStatus: 2,
    message: /model\.safetensors: is a pickle/,
  },
  {
    title: 'a model that has only a pickle',
    service: 'analysis',
    async prepare(folder: string): Promise<void> {
      await mkdir(join(folder, 'model'), { recursive: true });
      await model(folder);
      await copyFile(join(folder, 'model/model.safetensors'), join(folder, 'model/pytorch_model.bin'));
      await rm(join(folder, 'model/model.safetensors'));
    },
    request: spectrum,
    code: 'INVALID_ARGUMENT',
    reason: 'PICKLE_REFUSED',
    exitStatus: 2,
    message: /pytorch_model\.bin: is a pickle/,
  },
  {
    title: 'an adapter in the place of a model',
    service: 'merge',
    async prepare(folder: string): Promise<void> {
      await model(folder);
      await mkdir(join(folder, 'lora'));
      await writeFile(join(folder, 'lora/adapter_config.json'), '{"peft_type": "LORA"}');
    },
    request: { models: [{ model: { uri: 'model' } }, { model: { uri: 'lora' } }], linear: {} },
    code: 'NOT_FOUND',
    reason: 'NO_WEIGHTS',
    exitStatus: 3,
    message: /models\[1\]\.model\.uri \(".*lora"\): .* it holds an adapter: .*BASE\+ADAPTER/,
  },
  {
    title: 'a model whose weights are quantized',
    service: 'analysis',
    async prepare(folder: string): Promise<void> {
      await model(folder);
      await writeFile(
        join(folder, 'model/config.json'),
        JSON.stringify({ quantization_config: { quant_method: 'gptq' } }),
      );
      await writeFile(
        join(folder, 'model/model.safetensors'),
        safetensorsOf('{"q.qweight":{"dtype":"I32","shape":[1,2],"data_offsets":[0,8]}}', Buffer.alloc(8)),
      );
    },
    request: spectrum,
    code: 'FAILED_PRECONDITION',
    reason: 'SCALED_WEIGHTS',
    exitStatus: 4,
    message: /quantization_config\.quant_method "gptq", and tensor "q\.qweight"/,
  },
  {
    title: 'a config in which a key stands twice',
    service: 'init',
    async prepare(folder: string): Promise<void> {
      await model(folder);
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
    prepare: model,
    request: adapter({ targetModules: ['query', 'qurey'] }),
    code: 'INVALID_ARGUMENT',
    reason: 'PATTERN_MATCHES_NOTHING',
    exitStatus: 2,
    message: /qurey/,
  },
  {
    title: 'a tensor pattern that matches nothing',
    service: 'analysis',
    prepare: model,
    request: { ...spectrum, tensors: ['*.nothing'] },
    code: 'INVALID_ARGUMENT',
    reason: 'PATTERN_MATCHES_NOTHING',
    exitStatus: 2,
    message: /\*\.nothing/,
  },
  {
    title: 'rank 0',
    service: 'init',
    prepare: model,
    request: adapter({ rank: 0 }),
    code: 'INVALID_ARGUMENT',
    reason: 'OUT_OF_RANGE',
    exitStatus: 2,
    message: /rank/,
  },
  {
    title: 'a rank above the smaller side of a weight',
    service: 'init',
    prepare: model,
    request: adapter({ rank: 33 }),
    code: 'INVALID_ARGUMENT',
    reason: 'OUT_OF_RANGE',
    exitStatus: 2,
    message: /rank/,
  },
  {
    title: 'an output that exists',
    service: 'init',
    async prepare(folder: string): Promise<void> {
      await model(folder);
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
      await model(folder);
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
  {
    title: 'a model whose links lead in a circle',
    service: 'analysis',
    prepare: (folder) => symlink('model', join(folder, 'model')),
    request: spectrum,
    code: 'INVALID_ARGUMENT',
    reason: 'LINK_LOOP',
    exitStatus: 2,
    message: /model\.uri: .*symbolic links lead in a circle/,
  },
  {
    title: 'a name that is too long for the file system',
    service: 'analysis',
    prepare: nothing,
    request: { ...spectrum, model: { uri: 'm'.repeat(300) } },
    code: 'INVALID_ARGUMENT',
    reason: 'NAME_TOO_LONG',
    exitStatus: 2,
    message: /model\.uri: .*too long/,
  },
  {
    title: 'weights that are a folder',
    service: 'analysis',
    async prepare(folder: string): Promise<void> {
      await model(folder);
      await rm(join(folder, 'model/model.safetensors'));
      await mkdir(join(folder, 'model/model.safetensors'));
    },
    request: spectrum,
    code: 'INVALID_ARGUMENT',
    reason: 'NOT_A_FILE',
    exitStatus: 2,
    message: /model\.safetensors: is a folder/,
  },
  {
    title: 'a table as the texts of a training',
    service: 'train',
    prepare: data('texts.txt', 'text,label\n"fine, really",good\nno,bad\n'),
    request: training('texts.txt'),
    code: 'DATA_LOSS',
    reason: 'DATASET_FORMAT',
    exitStatus: 5,
    message:
      /train_data\.uri \(".*texts\.txt"\): texts\.txt is CSV .*, which is not read; wanted is UTF-8 text/,
  },
  {
    title: 'a class that the head does not have',
    service: 'train',
    prepare: data('texts.jsonl', '{"text":"fine","label":"good"}\n{"text":"no","label":"awful"}\n'),
    request: training('texts.jsonl', { labels: ['bad', 'good'] }),
    code: 'FAILED_PRECONDITION',
    reason: 'LABEL_UNKNOWN',
    exitStatus: 4,
    message: /train_data: line 2: "awful" is not a class: the classes are "bad", "good"/,
  },
  {
    title: 'a recipe of aliases that multiply',
    service: 'init',
    prepare: (folder) => writeFile(join(folder, 'bomb.yaml'), ALIAS_BOMB),
    request: {},
    commandLine: ['init', 'bomb.yaml', '--out', 'out'],
    code: undefined,
    reason: 'YAML_ALIAS_LIMIT',
    exitStatus: 2,
    message: /aliases/,
  },
  {
    title: 'an unknown field',
    service: 'init',
    prepare: model,
    request: adapter({ target_module: ['query'] }),
    code: undefined,
    reason: 'UNKNOWN_FIELD',
    exitStatus: 2,
    message: /target_module: is not a field; did you mean target_modules\?/,
  },
  {
    title: 'a value that is null',
    service: 'init',
    prepare: model,
    request: adapter({ rank: null }),
    code: undefined,
    reason: 'WRONG_TYPE',
    exitStatus: 2,
    message: /rank: is null; give a value, or leave the field out/,
  },
  ...ADAPTER_ERROR_CASES,
];
