// Cycles of imports from before the check. This list only becomes shorter, and then goes: `npm run imports -- --check` refuses
// every other cycle, and an entry here whose files no longer import each other.
export const KNOWN_CYCLES = [];
