import { MAX_LINE_POINTS, MAX_POINTS, type Point, thinLine, thinPoints } from './thin.js';

const COUNT = 100_000;
const wave = (i: number): number => Math.sin(i / 500) + 0.3 * Math.sin(i * i);
const line = Array.from({ length: COUNT }, (_, i): Point => [i, wave(i)]);

describe('thinLine', () => {
  it('keeps ends, order, the lowest, the highest and gaps', () => {
    const points = line.map((point, i): Point =>
      i === 777 ? [i, null] : i === 31_415 ? [i, 9] : i === 27 ? [i, -9] : point,
    );
    const thin = thinLine(points, MAX_LINE_POINTS);
    expect(thin.length).toBeLessThan(2_600);
    expect(thin[0]).toEqual(points[0]);
    expect(thin.at(-1)).toEqual(points.at(-1));
    for (const i of [777, 31_415, 27]) expect(thin).toContainEqual(points[i]);
    const places = thin.map(([x]) => x);
    expect(places).toEqual([...new Set(places)].sort((a, b) => a - b));
  });

  it('leaves what is short as it is, and makes gaps only of gaps', () => {
    const short = line.slice(0, 2_000);
    expect(thinLine(short, MAX_LINE_POINTS)).toBe(short);
    const gaps = line.map(([x]): Point => [x, null]);
    expect(thinLine(gaps, MAX_LINE_POINTS).every(([, y]) => y === null)).toBe(true);
  });
});

describe('thinPoints', () => {
  it('keeps a point of every part of the picture, and points that were there', () => {
    const points = line.map(([x], i): Point => [x / COUNT, (wave(i) + 1.3) / 2.6]);
    const thin = thinPoints(points, ([x, y]) => [x, y ?? 0]);
    expect(thin.length).toBeLessThanOrEqual(MAX_POINTS);
    expect(thin.length).toBeGreaterThan(MAX_POINTS / 4);
    const there = new Set(points);
    expect(thin.every((point) => there.has(point))).toBe(true);
    const cellOf = ([x, y]: Point): string => `${Math.floor(10 * x)} ${Math.floor(10 * (y ?? 0))}`;
    expect(new Set(thin.map(cellOf))).toEqual(new Set(points.map(cellOf)));
  });

  it('ends where all points are in one place', () => {
    const same = Array.from({ length: 5_000 }, (): Point => [1, 1]);
    expect(thinPoints(same, () => [0, 0])).toEqual([[1, 1]]);
  });
});
