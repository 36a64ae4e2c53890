/** Colours of series, as variables of the page; `page/style.ts` has them for light and for dark. */
export const COLOURS = 8;
const SYMBOLS = ['circle', 'triangle', 'diamond', 'rect'] as const;
const DASHES = ['solid', 'dashed', 'dotted'] as const;

export type Symbol = (typeof SYMBOLS)[number];
export type Dash = (typeof DASHES)[number];

/** Series beyond the colours have the same colours with other symbols and dashes. */
const roundOf = (index: number): number => Math.floor(index / COLOURS);

export const colourOf = (index: number): string => `var(--series-${index % COLOURS})`;
export const symbolOf = (index: number): Symbol => SYMBOLS[roundOf(index) % SYMBOLS.length] ?? 'circle';
export const dashOf = (index: number): Dash => DASHES[roundOf(index) % DASHES.length] ?? 'solid';
