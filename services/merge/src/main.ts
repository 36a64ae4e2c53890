import { main } from '@eigenloom/runtime';
import { mergeKind } from './index.js';

main('merge', [mergeKind]);
