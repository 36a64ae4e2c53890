import { main } from '@eigenloom/runtime';
import { initKind } from './index.js';

main('init', [initKind]);
