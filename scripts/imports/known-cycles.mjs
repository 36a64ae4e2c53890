// Cycles of imports from before the check. This list only becomes shorter, and then goes: `npm run imports -- --check` refuses
// every other cycle, and an entry here whose files no longer import each other.
export const KNOWN_CYCLES = [
  [
    'services/merge/src/mergekit/chat-template.ts',
    'services/merge/src/mergekit/inputs.ts',
    'services/merge/src/mergekit/modules.ts',
    'services/merge/src/mergekit/plan-document.ts',
    'services/merge/src/mergekit/rearranged.ts',
    'services/merge/src/mergekit/renumbering.ts',
    'services/merge/src/mergekit/resolve.ts',
    'services/merge/src/mergekit/result-config.ts',
    'services/merge/src/mergekit/roles.ts',
    'services/merge/src/mergekit/stacked-layers.ts',
    'services/merge/src/mergekit/stages.ts',
    'services/merge/src/mergekit/tensor-parameters.ts',
    'services/merge/src/mergekit/tokenizer.ts',
    'services/merge/src/plan/stages.ts',
  ],
  [
    'packages/models/src/forward/forward-pass.ts',
    'packages/models/src/forward/parameters.ts',
    'packages/models/src/networks/architecture.ts',
  ],
];
