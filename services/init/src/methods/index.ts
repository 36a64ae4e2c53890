import { registry } from '@eigenloom/contracts';
import type { Start, StartChoice } from '../start.js';
import { defaultStart } from './default.js';
import { eva } from './eva.js';
import { olora } from './olora.js';
import { pissa } from './pissa.js';

/** Every start, in the order of the proto. */
export const STARTS = registry<StartChoice, Start>('start', { default: defaultStart, pissa, eva, olora });
