import type { Dtype } from '@eigenloom/numeric';

import { withStoredDtype } from './stored-dtype.js';

const tensors = (...types: readonly (readonly [Dtype, number])[]): Parameters<typeof withStoredDtype>[1] =>
  types.map(([dtype, size], index) => ({ name: `w${index}`, dtype, shape: [size] }));

test.each<[string, string, readonly (readonly [Dtype, number])[], string]>([
  ['weights trained in f32 on a model in bf16', 'bfloat16', [['F32', 9]], 'float32'],
  ['a merge stored in f16', 'float32', [['F16', 9]], 'float16'],
  ['the name with PyTorch before it', 'torch.float32', [['BF16', 9]], 'bfloat16'],
  ['a few wide tensors among narrow ones', 'bfloat16', [['BF16', 9], ['F32', 1]], 'bfloat16'], // prettier-ignore
  ['a wide name that some tensor needs', 'float32', [['BF16', 9], ['F32', 1]], 'float32'], // prettier-ignore
  ['a narrow name that most do not fit', 'bfloat16', [['BF16', 1], ['F32', 9]], 'float32'], // prettier-ignore
  ['types that a whole model cannot have', 'bfloat16', [['F8_E4M3', 9]], 'bfloat16'],
  ['no weights at all', 'float16', [['I64', 9]], 'float16'],
])('%s', (_what, said, stored, want) => {
  expect(withStoredDtype({ torch_dtype: said }, tensors(...stored))).toEqual({ torch_dtype: want });
  expect(withStoredDtype({ dtype: said }, tensors(...stored))).toEqual({ dtype: want });
});

test('sections that said the same follow, others stay', () => {
  const config = {
    dtype: 'float32',
    text_config: { dtype: 'float32', hidden_size: 4 },
    vision_config: { dtype: 'float16' },
  };
  expect(withStoredDtype(config, tensors(['BF16', 1]))).toEqual({
    dtype: 'bfloat16',
    text_config: { dtype: 'bfloat16', hidden_size: 4 },
    vision_config: { dtype: 'float16' },
  });
});

test('a config that names no type gets none', () => {
  expect(withStoredDtype({ vocab_size: 3 }, tensors(['BF16', 1]))).toEqual({ vocab_size: 3 });
});
