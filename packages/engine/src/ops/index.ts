import { attentionGradientKernel, attentionKernel } from './attention.js';
import { batchNormGradientsKernel, batchNormKernel } from './batch-norm.js';
import { convolutionKernel, filterKernel, inputKernel } from './convolution.js';
import { fourierKernel, inverseRealFourierKernel, realFourierKernel } from './fourier.js';
import type { FusedKernel } from './fused-kernel.js';
import { geluGradientKernel, geluKernel } from './gelu.js';
import { layerNormInputKernel, layerNormKernel, layerNormParametersKernel } from './layer-norm.js';
import { linearInputKernel, linearKernel } from './linear.js';
import { meanPoolGradientKernel } from './mean-pool.js';
import { rmsNormInputKernel, rmsNormKernel } from './rms-norm.js';
import { rotaryKernel } from './rotary.js';
import { siluGradientKernel, siluKernel } from './silu.js';
import { swigluGradientKernel, swigluKernel } from './swiglu.js';
import { crossEntropyGradientKernel, crossEntropyKernel } from './softmax-cross-entropy.js';

/** Every fused kernel; each backend gets its composition, and `native` replaces them by its own. */
export const FUSED_KERNELS: readonly FusedKernel[] = [
  linearKernel,
  linearInputKernel,
  geluKernel,
  geluGradientKernel,
  siluKernel,
  siluGradientKernel,
  swigluKernel,
  swigluGradientKernel,
  layerNormKernel,
  layerNormInputKernel,
  layerNormParametersKernel,
  rmsNormKernel,
  rmsNormInputKernel,
  crossEntropyKernel,
  crossEntropyGradientKernel,
  attentionKernel,
  attentionGradientKernel,
  rotaryKernel,
  convolutionKernel,
  inputKernel,
  filterKernel,
  meanPoolGradientKernel,
  batchNormKernel,
  batchNormGradientsKernel,
  fourierKernel,
  realFourierKernel,
  inverseRealFourierKernel,
];
