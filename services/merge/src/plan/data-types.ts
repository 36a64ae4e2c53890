import { common } from '@eigenloom/contracts';
import type { Dtype } from '@eigenloom/numeric';

/** Storage types that a request may ask for. */
export const DTYPES: Readonly<Partial<Record<common.DataType, Dtype>>> = {
  [common.DataType.F32]: 'F32',
  [common.DataType.F16]: 'F16',
  [common.DataType.BF16]: 'BF16',
  [common.DataType.F64]: 'F64',
};
