import { registry } from '@eigenloom/contracts';
import type { Study, StudyChoice } from '../study.js';
import { intrinsicDimension } from './intrinsic-dimension.js';
import { intruders } from './intruders.js';
import { matrixSensing } from './matrix-sensing.js';
import { nearestMean } from './nearest-mean.js';
import { spectrum } from './spectrum.js';

/** Every study, in the order of the proto. */
export const STUDIES = registry<StudyChoice, Study>('study', {
  spectrum,
  intruders,
  matrixSensing,
  nearestMean,
  intrinsicDimension,
});
