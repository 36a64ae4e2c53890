import { main } from '@eigenloom/runtime';
import { mergeKind } from './kind.js';

main('merge', [mergeKind]);
