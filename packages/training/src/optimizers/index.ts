import { type Definitions, registry } from '@eigenloom/contracts';
import type { OptimizerChoice } from '../choice.js';
import { adamw } from './adamw.js';
import { galore } from './galore.js';
import { lion } from './lion.js';
import type { OptimizerRule } from './optimizer-rule.js';

const definitions: Definitions<OptimizerChoice, OptimizerRule> = { adamw, lion, galore };

/** The optimisers that a request can choose, in the order of the proto. */
export const OPTIMIZERS = registry<OptimizerChoice, OptimizerRule>('optimizer.rule', definitions);
