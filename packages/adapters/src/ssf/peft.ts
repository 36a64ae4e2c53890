import type { PeftFormat } from '@eigenloom/checkpoint';

import type { SsfPart } from './spec.js';

/** The layout is PEFT's, the type is not: PEFT has no SSF and refuses the folder. */
export const SSF_FORMAT: PeftFormat<SsfPart> = {
  peftType: 'SSF',
  parts: { ssf_scale: { at: 'module' }, ssf_shift: { at: 'module' } },
};
