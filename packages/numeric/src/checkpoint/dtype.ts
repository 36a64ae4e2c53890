/** Storage types of safetensors, by their names there. */
export const DTYPES = [
  'F64',
  'F32',
  'F16',
  'BF16',
  'F8_E4M3',
  'F8_E5M2',
  'I64',
  'I32',
  'I16',
  'I8',
  'U64',
  'U32',
  'U16',
  'U8',
  'BOOL',
] as const;

export type Dtype = (typeof DTYPES)[number];

const FLOATS: ReadonlySet<Dtype> = new Set<Dtype>(['F64', 'F32', 'F16', 'BF16', 'F8_E4M3', 'F8_E5M2']);

export const isFloat = (dtype: Dtype): boolean => FLOATS.has(dtype);

/** Bytes of one element. */
export function sizeOf(dtype: Dtype): number {
  if (dtype.startsWith('F8') || dtype === 'BOOL') return 1;
  return Number(/\d+$/.exec(dtype)?.[0] ?? 8) / 8;
}

export const isDtype = (name: string): name is Dtype => (DTYPES as readonly string[]).includes(name);
