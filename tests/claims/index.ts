import { galore } from './03-galore.js';
import { matrixSensing } from './07-matrix-sensing.js';
import { intrinsicTuning } from './14-intrinsic-dimension.js';
import { selfDistillation } from './26-self-distillation.js';
import { ssf } from './32-ssf.js';
import { intruders } from './36-intruders.js';
import { nearestMean } from './37-nearest-mean.js';
import { intrinsicLandscape } from './40-intrinsic-dimension.js';
import { atlas } from './45-atlas.js';
import { soups } from './55-soups.js';
import { eva } from './58-eva.js';
import { routing } from './67-routing.js';
import { lae } from './70-lae.js';
import { grafting } from './72-grafting.js';
import type { Claim } from './claim.js';

/** Every claim that can be run, in order of its row. */
export const CLAIMS: readonly Claim[] = [
  galore,
  matrixSensing,
  intrinsicTuning,
  selfDistillation,
  ssf,
  intruders,
  nearestMean,
  intrinsicLandscape,
  atlas,
  soups,
  eva,
  routing,
  lae,
  grafting,
];
