import { kernels } from '@eigenloom/numeric';
import { NONE } from './arrays.js';
import { need, type KernelCall, type NativeKernel } from './native-kernel.js';

interface Problem {
  readonly q: Float32Array;
  readonly k: Float32Array;
  readonly v: Float32Array;
  readonly mask: Float32Array;
  readonly dims: Uint32Array;
  readonly scale: number;
  readonly causal: boolean;
  readonly half: boolean;
}

function problem(call: KernelCall): Problem {
  const { backend, attributes } = call;
  const [q, k] = [need(call, 'q'), need(call, 'k')];
  const [batch = 0, queries = 0, heads = 0, width = 0] = q.shape;
  const [, keys = 0, keyHeads = 0] = k.shape;
  return {
    q: backend.floats(q),
    k: backend.floats(k),
    v: backend.floats(need(call, 'v')),
    mask: attributes['masked'] === true ? backend.floats(need(call, 'mask')) : NONE,
    dims: Uint32Array.of(batch, queries, keys, heads, keyHeads, width),
    scale: Number(attributes['scale']),
    causal: attributes['causal'] === true,
    half: backend.precision === 'bf16',
  };
}

const attention: NativeKernel = (call) => {
  const { q, k, v, mask, dims, scale, causal, half } = problem(call);
  return call.backend.output(need(call, 'q').shape, (out) => {
    kernels().kernelAttention(q, k, v, mask, dims, scale, causal, half, out);
  });
};

const attentionGradient: NativeKernel = (call) => {
  const { q, k, v, mask, dims, scale, causal, half } = problem(call);
  const dy = call.backend.floats(need(call, 'dy'));
  const shapes = ['q', 'k', 'v'].map((name) => need(call, name).shape);
  return call.backend.outputs(shapes, ([dq = NONE, dk = NONE, dv = NONE]) => {
    kernels().kernelAttentionGradient(q, k, v, mask, dy, dims, scale, causal, half, dq, dk, dv);
  });
};

export const ATTENTION: ReadonlyMap<string, NativeKernel> = new Map([
  ['EigenloomAttention', attention],
  ['EigenloomAttentionGradient', attentionGradient],
]);
