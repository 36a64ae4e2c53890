import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { newFolder, writeZeros } from '../testing/safetensors-bytes.js';
import { openModel } from './open-model.js';
import { writeModel } from './write-model.js';

type Tensors = Parameters<typeof writeZeros>[1];

let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function open(tensors: Tensors, config: object = { model_type: 'x' }): ReturnType<typeof openModel> {
  await writeZeros(join(folder, 'model.safetensors'), tensors);
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  return openModel(folder);
}

const F = (...shape: number[]): [string, number[]] => ['F32', shape];
const B = (...shape: number[]): [string, number[]] => ['BF16', shape];

/** What each tool writes beside a layer that it did not touch: read off the buffers and parameters of its layers. */
const FORMATS: [tool: string, tensors: Tensors, tensor: string][] = [
  ['bitsandbytes, 4 bits', { 'q.weight': ['U8', [8, 1]], 'q.weight.absmax': F(2) }, 'q.weight'],
  ['bitsandbytes, the state alone', { 'q.weight.quant_map': F(16) }, 'q.weight.quant_map'],
  [
    'bitsandbytes, its own record',
    { 'q.weight.quant_state.bitsandbytes__nf4': ['U8', [9]] },
    'q.weight.quant_state.bitsandbytes__nf4',
  ],
  ['bitsandbytes, 8 bits', { 'q.SCB': F(4) }, 'q.SCB'],
  ['bitsandbytes, 8 bits, the layout', { 'q.weight_format': ['U8', []] }, 'q.weight_format'],
  ['GPTQ', { 'q.qweight': ['I32', [1, 2]], 'q.scales': F(1, 2) }, 'q.qweight'],
  ['GPTQ, the order of groups', { 'q.g_idx': ['I32', [4]] }, 'q.g_idx'],
  ['AWQ', { 'q.qzeros': ['I32', [1, 1]] }, 'q.qzeros'],
  ['FP8 in blocks', { 'q.weight': ['F8_E4M3', [2, 2]], 'q.weight_scale_inv': F(1, 1) }, 'q.weight'],
  [
    'FP8 of experts',
    { 'q.gate_up_proj': ['F8_E4M3', [2, 2, 2]], 'q.gate_up_proj_scale': F(2) },
    'q.gate_up_proj',
  ],
  ['FP8, activations', { 'q.weight': B(2, 2), 'q.input_scale': F(1) }, 'q.input_scale'],
  ['NVFP4', { 'q.weight_scale_2': F(1) }, 'q.weight_scale_2'],
  ['compressed-tensors', { 'q.weight_packed': ['I32', [1, 2]] }, 'q.weight_packed'],
  ['compressed-tensors, global', { 'q.weight_global_scale': F(1) }, 'q.weight_global_scale'],
  ['EETQ', { 'q.weight': ['I8', [2, 2]], 'q.weight_scales': F(2) }, 'q.weight'],
  ['BitNet', { 'q.weight': ['U8', [2, 2]], 'q.weight_scale': B(1) }, 'q.weight'],
  [
    'MXFP4',
    { 'e.down_proj_blocks': ['U8', [2, 2]], 'e.down_proj_scales': ['U8', [2]] },
    'e.down_proj_blocks',
  ],
  ['HQQ', { 'q.W_q': ['U8', [2, 2]] }, 'q.W_q'],
  ['MLX', { 'q.weight': ['U32', [2, 2]], 'q.scales': F(2), 'q.biases': F(2) }, 'q.weight'],
  ['AQLM', { 'q.codebooks': F(1, 2, 1, 2), 'q.codes': ['I16', [1, 1, 1]] }, 'q.codebooks'],
  ['VPTQ', { 'q.centroids.weight': F(1, 4) }, 'q.centroids.weight'],
  ['quanto', { 'q.weight._data': ['I8', [2, 2]], 'q.weight._scale': F(2) }, 'q.weight._data'],
  ['torchao', { 'q._weight_qdata': ['I8', [2, 2]] }, 'q._weight_qdata'],
  ['codes without anything beside them', { 'q.weight': ['I8', [2, 2]] }, 'q.weight'],
];

test.each(FORMATS)('%s is refused by name', async (_tool, tensors, tensor) => {
  await expect(open({ 'norm.weight': F(2), ...tensors })).rejects.toMatchObject({
    kind: 'INCOMPATIBLE',
    reason: 'SCALED_WEIGHTS',
    message: expect.stringContaining(`tensor ${JSON.stringify(tensor)} `) as string,
    details: { tensor },
  });
});

test('the error says what the config says, also in a section of it', async () => {
  const tensors: Tensors = { 'q.qweight': ['I32', [1, 2]] };
  const quantization_config = { quant_method: 'gptq', bits: 4 };
  await expect(open(tensors, { quantization_config })).rejects.toThrow(
    'config.json says quantization_config.quant_method "gptq", and tensor "q.qweight" belongs to quantized weights; dequantize the model first',
  );
  await expect(open(tensors, { text_config: { quantization_config } })).rejects.toThrow(
    'text_config.quantization_config.quant_method "gptq"',
  );
});

test('a storage type that only quantized weights have is explained by the config', async () => {
  const header = '{"w_scale":{"dtype":"F8_E8M0","shape":[1],"data_offsets":[0,1]}}';
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  await writeFile(
    join(folder, 'model.safetensors'),
    Buffer.concat([length, Buffer.from(header), Buffer.of(0)]),
  );
  await writeFile(join(folder, 'config.json'), '{"quantization_config": {"quant_method": "mxfp8"}}');
  await expect(openModel(folder)).rejects.toMatchObject({
    reason: 'SCALED_WEIGHTS',
    message: expect.stringMatching(/quant_method "mxfp8".*"w_scale".*F8_E8M0/) as string,
  });
});

test('plain weights are read: eight-bit floats, integers that are no weights, names that come close', async () => {
  const model = await open({
    'q.weight': ['F8_E4M3', [2, 2]],
    'embeddings.position_ids': ['I64', [1, 2]],
    'bn.num_batches_tracked': ['I64', []],
    'h.0.attn.bias': ['U8', [1, 1, 2, 2]],
    'layer_scale.lambda1': F(2),
    'norm.scale': F(2),
    per_layer_input_scale: F(1),
    logit_scale: F(1),
    'vq.codebook': F(2, 2),
    'tid2eid.weight': ['I64', [2, 2]],
  });
  expect(model.tensors.size).toBe(10);
  expect(model.notes).toEqual([]);
});

test('eight-bit floats are codes where the config says so', async () => {
  const config = { quantization_config: { quant_method: 'fp8' } };
  await expect(open({ 'q.weight': ['F8_E4M3', [2, 2]] }, config)).rejects.toMatchObject({
    reason: 'SCALED_WEIGHTS',
  });
});

test('what a config says of weights that are plain again is left out, with a note', async () => {
  const quantization_config = { quant_method: 'gptq' };
  const text_config = { quantization_config, depth: 2 };
  const model = await open({ 'q.weight': B(2, 2) }, { quantization_config, text_config, eps: 1 });
  expect(model.config).toEqual({ text_config: { depth: 2 }, eps: 1 });
  expect(model.notes).toEqual([
    'config.json: quantization_config.quant_method "gptq" is left out, because the weights are plain floating-point numbers',
  ]);
  const out = join(folder, 'out');
  await mkdir(out);
  await writeModel(out, { like: model });
  expect((await openModel(out)).config).toEqual({ text_config: { depth: 2 }, eps: 1 });
});
