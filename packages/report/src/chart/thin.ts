/** A place in a chart. */
export type Point = readonly [x: number, y: number | null];

/** What a chart of some hundred pixels can show; each bar and each point is an element of the page. */
export const MAX_LINE_POINTS = 2_000;
export const MAX_BARS = 400;
export const MAX_POINTS = 1_500;
/** Cells on each side at first. */
const CELLS = 512;

/**
 * A line or bars with about `most` points and the same outline: of each stretch its first, lowest, highest and last point. Gaps stay.
 */
export function thinLine(points: readonly Point[], most: number): readonly Point[] {
  if (points.length <= most) return points;
  const stretch = Math.ceil((4 * points.length) / most);
  const kept: Point[] = [];
  for (let start = 0; start < points.length; start += stretch) {
    const end = Math.min(start + stretch, points.length);
    let [lowest, highest, gap] = [start, start, -1];
    for (let i = start; i < end; i++) {
      const y = points[i]?.[1] ?? null;
      if (y === null) gap = i;
      else if (y < (points[lowest]?.[1] ?? Infinity)) lowest = i;
      if (y !== null && y > (points[highest]?.[1] ?? -Infinity)) highest = i;
    }
    const indices = new Set([start, lowest, highest, ...(gap < 0 ? [] : [gap]), end - 1]);
    for (const i of [...indices].sort((a, b) => a - b)) kept.push(points[i] ?? [NaN, null]);
  }
  return kept;
}

/** Places of a chart from 0 to 1, for `thinPoints`. */
export type Place = (point: Point) => readonly [across: number, up: number];

/** One point of each cell of a grid, which is made coarser until few enough are left. */
export function thinPoints(points: readonly Point[], place: Place): readonly Point[] {
  if (points.length <= MAX_POINTS) return points;
  for (let cells = CELLS; ; cells = Math.floor(cells / 1.5)) {
    const kept = new Map<number, Point>();
    for (const point of points) {
      const [across, up] = place(point);
      const cell = Math.floor(across * cells) * (cells + 1) + Math.floor(up * cells);
      if (!kept.has(cell)) kept.set(cell, point);
    }
    if (kept.size <= MAX_POINTS) return [...kept.values()];
  }
}
