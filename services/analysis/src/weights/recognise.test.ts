import { recognise } from './recognise.js';

const tensor = (name: string, shape: number[], dtype: 'F32' | 'BF16' | 'I64' = 'F32') => ({
  name,
  dtype,
  shape,
  byteLength: 0,
  file: 'model.safetensors',
});

describe('recognise', () => {
  it.each([
    ['encoder.layer.0.attention.self.query.weight', [4, 3], 'dense'],
    ['plain_parameter', [4, 3], 'dense'],
    ['lm_head.weight', [9, 3], 'dense'],
    ['model.embed_tokens.weight', [9, 3], 'embedding'],
    ['embeddings.word_embeddings.weight', [9, 3], 'embedding'],
    ['transformer.wte.weight', [9, 3], 'embedding'],
    ['features.0.weight', [8, 3, 5, 5], 'conv'],
    ['experts.gate_up_proj', [4, 8, 3], 'stack'],
  ])('%s of shape %j is %s', (name, shape, type) => {
    expect(recognise(tensor(name, shape))).toMatchObject({ type, longname: name.replace(/\.weight$/, '') });
  });

  it('takes kernels apart by position and stacks by expert', () => {
    expect(recognise(tensor('c.weight', [8, 3, 5, 2]))).toMatchObject({ rows: 8, columns: 3, positions: 10 });
    expect(recognise(tensor('conv1.weight', [8, 3, 5]))).toMatchObject({ rows: 8, columns: 3, positions: 5 });
    expect(recognise(tensor('experts.w1', [4, 8, 3]))).toMatchObject({ stacked: 4, rows: 8, columns: 3 });
  });

  it.each([
    ['norm.weight', [8], 'F32', 'is a vector'],
    ['scale', [], 'F32', 'is a scalar'],
    ['nothing.weight', [0, 8], 'F32', 'has no elements'],
    ['position_ids', [1, 512], 'I64', 'stored as I64, not as floating-point numbers'],
  ] as const)('leaves out %s with a reason', (name, shape, dtype, reason) => {
    expect(recognise(tensor(name, [...shape], dtype))).toEqual({ name, reason });
  });
});
