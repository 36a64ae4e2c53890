import { copyFile, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { safetensorsOf, writeSafetensors } from '../safetensors.js';
import { type ErrorCase, goodModel, nothing, withWeights } from './error-case.js';

const spectrum = (more: Readonly<Record<string, unknown>> = {}): ErrorCase['request'] => ({
  spectrum: { model: { uri: 'model' }, ...more },
});

/** What `pickle.dumps` makes of a call of `os.system`: protocol 4, by pickletools. */
const PICKLE = Buffer.from(
  '80049521000000000000008c05706f736978948c0673797374656d9493948c06746f75636820789485945294 2e'.replace(
    ' ',
    '',
  ),
  'hex',
);

/** What is wrong with studies of weights. */
export const ANALYSIS_ERROR_CASES: readonly ErrorCase[] = [
  {
    title: 'a safetensors file with a hole between tensors',
    service: 'analysis',
    prepare: withWeights(() =>
      safetensorsOf(
        '{"a.weight":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},"b.weight":{"dtype":"F32","shape":[1,1],"data_offsets":[8,12]}}',
        Buffer.alloc(12),
      ),
    ),
    request: spectrum(),
    code: 'DATA_LOSS',
    reason: 'CORRUPT_SAFETENSORS',
    exitStatus: 5,
    message: /model\.safetensors/,
  },
  {
    title: 'a shard index that names a file outside the model',
    service: 'analysis',
    async prepare(folder: string): Promise<void> {
      await goodModel(folder);
      await writeSafetensors(join(folder, 'secret.safetensors'), {
        'a.weight': { shape: [2, 2], values: new Float32Array(4) },
      });
      await rm(join(folder, 'model/model.safetensors'));
      await writeFile(
        join(folder, 'model/model.safetensors.index.json'),
        JSON.stringify({ metadata: {}, weight_map: { 'a.weight': '../secret.safetensors' } }),
      );
    },
    request: spectrum(),
    code: 'INVALID_ARGUMENT',
    reason: 'UNSAFE_FILE_NAME',
    exitStatus: 2,
    message: /secret/,
  },
  {
    title: 'a pickle under the name of a safetensors file',
    service: 'analysis',
    prepare: withWeights(() => PICKLE),
    request: spectrum(),
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
      await goodModel(folder);
      await copyFile(join(folder, 'model/model.safetensors'), join(folder, 'model/pytorch_model.bin'));
      await rm(join(folder, 'model/model.safetensors'));
    },
    request: spectrum(),
    code: 'INVALID_ARGUMENT',
    reason: 'PICKLE_REFUSED',
    exitStatus: 2,
    message: /pytorch_model\.bin: is a pickle/,
  },
  {
    title: 'a model whose weights are quantized',
    service: 'analysis',
    async prepare(folder: string): Promise<void> {
      await goodModel(folder);
      await writeFile(
        join(folder, 'model/config.json'),
        JSON.stringify({ quantization_config: { quant_method: 'gptq' } }),
      );
      await writeFile(
        join(folder, 'model/model.safetensors'),
        safetensorsOf('{"q.qweight":{"dtype":"I32","shape":[1,2],"data_offsets":[0,8]}}', Buffer.alloc(8)),
      );
    },
    request: spectrum(),
    code: 'FAILED_PRECONDITION',
    reason: 'SCALED_WEIGHTS',
    exitStatus: 4,
    message: /quantization_config\.quant_method "gptq", and tensor "q\.qweight"/,
  },
  {
    title: 'a tensor pattern that matches nothing',
    service: 'analysis',
    prepare: goodModel,
    request: spectrum({ tensors: ['*.nothing'] }),
    code: 'INVALID_ARGUMENT',
    reason: 'PATTERN_MATCHES_NOTHING',
    exitStatus: 2,
    message: /\*\.nothing/,
  },
  {
    title: 'a model whose links lead in a circle',
    service: 'analysis',
    prepare: (folder) => symlink('model', join(folder, 'model')),
    request: spectrum(),
    code: 'INVALID_ARGUMENT',
    reason: 'LINK_LOOP',
    exitStatus: 2,
    message: /model\.uri: .*symbolic links lead in a circle/,
  },
  {
    title: 'a name that is too long for the file system',
    service: 'analysis',
    prepare: nothing,
    request: spectrum({ model: { uri: 'm'.repeat(300) } }),
    code: 'INVALID_ARGUMENT',
    reason: 'NAME_TOO_LONG',
    exitStatus: 2,
    message: /model\.uri: .*too long/,
  },
  {
    title: 'weights that are a folder',
    service: 'analysis',
    async prepare(folder: string): Promise<void> {
      await goodModel(folder);
      await rm(join(folder, 'model/model.safetensors'));
      await mkdir(join(folder, 'model/model.safetensors'));
    },
    request: spectrum(),
    code: 'INVALID_ARGUMENT',
    reason: 'NOT_A_FILE',
    exitStatus: 2,
    message: /model\.safetensors: is a folder/,
  },
];
