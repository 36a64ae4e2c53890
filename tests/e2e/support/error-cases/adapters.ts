import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ErrorCase } from './error-case.js';
import { writeSafetensors } from '../safetensors.js';
import { writeTinyAdapter } from '../tiny-adapter.js';
import { writeTinyBert } from '../tiny-bert.js';

const CONFIG = 'adapter_config.json';

async function good(folder: string): Promise<void> {
  await writeTinyBert(join(folder, 'model'));
  await writeTinyAdapter(join(folder, 'lora'));
}

/** A good model and adapter, but for these keys of the adapter's config. */
const withKeys =
  (keys: object) =>
  async (folder: string): Promise<void> => {
    await good(folder);
    const path = join(folder, 'lora', CONFIG);
    const config = JSON.parse(await readFile(path, 'utf8')) as object;
    await writeFile(path, JSON.stringify({ ...config, ...keys }));
  };

const common = {
  service: 'analysis',
  request: { spectrum: { model: { uri: 'model', adapters: ['lora'] } } },
  wireRequest: (folder: string) => ({
    spectrum: {
      model: { uri: `file:${join(folder, 'model')}`, adapters: [`file:${join(folder, 'lora')}`] },
    },
  }),
} as const;

/** What is wrong with adapters that are folded into a model. */
export const ADAPTER_ERROR_CASES: readonly ErrorCase[] = [
  {
    ...common,
    title: 'an adapter whose `lora_alpha` is null',
    prepare: withKeys({ lora_alpha: null }),
    code: 'DATA_LOSS',
    reason: 'CORRUPT_ADAPTER',
    exitStatus: 5,
    message: /lora"\): adapter_config\.json: lora_alpha is null; a number above 0 is wanted/,
  },
  {
    ...common,
    title: 'an adapter without tensors',
    async prepare(folder: string): Promise<void> {
      await good(folder);
      await writeSafetensors(join(folder, 'lora/adapter_model.safetensors'), {});
    },
    code: 'DATA_LOSS',
    reason: 'CORRUPT_ADAPTER',
    exitStatus: 5,
    message: /lora"\): adapter_model\.safetensors: has no tensors/,
  },
  {
    ...common,
    title: 'an adapter without a pair for one of its targets',
    prepare: withKeys({ target_modules: ['query', 'key', 'value'] }),
    code: 'FAILED_PRECONDITION',
    reason: 'ADAPTER_INCOMPLETE',
    exitStatus: 4,
    message: /no pair for "encoder\.layer\.0\.attention\.self\.key"/,
  },
  {
    ...common,
    title: 'an adapter with a tensor that the model lacks',
    async prepare(folder: string): Promise<void> {
      await good(folder);
      await writeSafetensors(join(folder, 'lora/adapter_model.safetensors'), {
        'base_model.model.encoder.layer.0.attention.self.qery.bias': {
          shape: [32],
          values: new Float32Array(32),
        },
      });
    },
    code: 'FAILED_PRECONDITION',
    reason: 'ADAPTER_DOES_NOT_FIT',
    exitStatus: 4,
    message: /the model has no such tensor; did you mean "encoder\.layer\.0\.attention\.self\.query\.bias"/,
  },
  {
    title: 'an adapter that depends on the input, in a merge',
    service: 'merge',
    request: { models: [{ model: { uri: 'model', adapters: ['prefix'] } }], linear: {}, output_uri: 'out' },
    wireRequest: (folder: string) => ({
      models: [
        {
          model: { uri: `file:${join(folder, 'model')}`, adapters: [`file:${join(folder, 'prefix')}`] },
        },
      ],
      linear: {},
      output_uri: `file:${join(folder, 'out')}`,
    }),
    async prepare(folder: string): Promise<void> {
      await good(folder);
      await mkdir(join(folder, 'prefix'));
      const config = { peft_type: 'PREFIX_TUNING', num_virtual_tokens: 2, prefix_projection: false };
      await writeFile(join(folder, 'prefix', CONFIG), JSON.stringify(config));
      await writeSafetensors(join(folder, 'prefix/adapter_model.safetensors'), {
        prompt_embeddings: { shape: [2, 128], values: new Float32Array(256).fill(0.5) },
      });
    },
    code: 'FAILED_PRECONDITION',
    reason: 'ADAPTER_NOT_FOLDABLE',
    exitStatus: 4,
    message: /models\[0\]\.model\.adapters\[0\] \(".*prefix"\): .*PREFIX_TUNING depends on the input/,
  },
];
