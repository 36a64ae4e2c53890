import { main } from '@eigenloom/runtime';
import { trainKind } from './index.js';

main('train', [trainKind]);
