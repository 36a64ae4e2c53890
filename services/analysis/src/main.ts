import { main } from '@eigenloom/runtime';
import { analysisKind } from './index.js';

main('analysis', [analysisKind]);
