/** tf.js as models use it: functions on tensors, no chained methods; gradients are Eigenloom's own (`gradients/`). */
export * as tf from '@tensorflow/tfjs-core';
