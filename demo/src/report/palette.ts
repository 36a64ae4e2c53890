/** Okabe & Ito's colours, which colour-blind readers can tell apart. */
export const COLOURS: Readonly<Record<string, string>> = {
  default: '#0072B2',
  pissa: '#D55E00',
  eva: '#009E73',
  full: '#7B4B94',
};
export const GREY = '#6b7280';

export const NAMES: Readonly<Record<string, string>> = {
  default: 'default',
  pissa: 'PiSSA',
  eva: 'EVA',
  full: 'full fine-tuning',
  uniform: 'uniform soup',
  greedy: 'greedy soup',
  task_arithmetic: 'task arithmetic',
  ties: 'TIES',
};

export const nameOf = (method: string): string => NAMES[method] ?? method;
export const colourOf = (method: string): string => COLOURS[method] ?? GREY;
