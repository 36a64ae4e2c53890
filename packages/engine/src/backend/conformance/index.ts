import { ATTENTION } from './attention.js';
import { AXES } from './axes.js';
import { BATCH_NORM } from './batch-norm.js';
import type { Case } from './case.js';
import { CONVOLUTION } from './convolution.js';
import { ELEMENTWISE } from './elementwise.js';
import { FOURIER } from './fourier.js';
import { LAYOUT } from './layout.js';
import { PRODUCTS } from './products.js';
import { ROWS } from './rows.js';
import { SCATTER } from './scatter.js';
import { STOCK } from './stock.js';

/** What `conformance.test.ts` compares on every backend. */
export const CASES: readonly Case[] = [
  ...PRODUCTS,
  ...ELEMENTWISE,
  ...AXES,
  ...ROWS,
  ...ATTENTION,
  ...LAYOUT,
  ...CONVOLUTION,
  ...BATCH_NORM,
  ...FOURIER,
  ...SCATTER,
  ...STOCK,
];
