import type { SafetensorsFile } from '@eigenloom/numeric';

/** How much two grafts of one base share. */
export interface MaskOverlap {
  readonly first: number;
  readonly second: number;
  /** Elements that are in both. */
  readonly both: number;
}

/** Counts the elements of two mask files of the same tensors. The share of the first that is in the second is both / first. */
export async function maskOverlap(first: SafetensorsFile, second: SafetensorsFile): Promise<MaskOverlap> {
  const counts = { first: 0, second: 0, both: 0 };
  for (const name of first.tensors.keys()) {
    const [one, other] = [await first.read(name, 'raw'), await second.read(name, 'raw')];
    for (let i = 0; i < one.length; i += 1) {
      const [a, b] = [one[i] ?? 0, other[i] ?? 0];
      counts.first += bitsIn(a);
      counts.second += bitsIn(b);
      counts.both += bitsIn(a & b);
    }
  }
  return counts;
}

function bitsIn(byte: number): number {
  let count = 0;
  for (let rest = byte; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}
