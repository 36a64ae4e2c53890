import type { Axis, Chart, Series } from '../report.js';
import { MAX_BARS, MAX_LINE_POINTS, type Place, type Point, thinLine, thinPoints } from './thin.js';

/** Names along an axis that are drawn. */
const MAX_NAMES = 400;

/** A series as it is drawn. */
export interface DrawnSeries extends Pick<Series, 'name' | 'mark'> {
  readonly points: readonly Point[];
}

/** A chart as it is drawn: names have become numbers, and what an axis cannot show is left out. */
export interface DrawnChart {
  /** Along x; undefined where x are numbers. */
  readonly names: readonly string[] | undefined;
  readonly series: readonly DrawnSeries[];
  /** What is not drawn of what the file has, in words. */
  readonly remarks: readonly string[];
}

/** Prepares a chart: the numbers of the file stay, the drawing is bounded. */
export function drawnChart({ x, y, series }: Chart): DrawnChart {
  const all = namesOf(series);
  const names = all?.slice(0, MAX_NAMES);
  const position = names && new Map(names.map((name, i) => [name, i]));
  const remarks: string[] = [];
  if (all && all.length > MAX_NAMES) remarks.push(`the first ${MAX_NAMES} of ${all.length} names are drawn`);
  const counts = { hidden: 0, given: 0, kept: 0 };
  const drawn = series.map(({ name, mark, ...values }): DrawnSeries => {
    const points: Point[] = [];
    values.x.forEach((place, i) => {
      const at = typeof place === 'string' ? position?.get(place) : place;
      if (at === undefined) return;
      const value = values.y[i] ?? null;
      const isShown = isOn(x, at) && (value === null || isOn(y, value));
      if (!isShown) counts.hidden++;
      if (isShown || mark === 'line') points.push([at, isShown ? value : null]);
    });
    const kept =
      mark === 'points'
        ? thinPoints(withValues(points), placeOf(x, y, points))
        : thinLine(points, mark === 'bars' ? MAX_BARS : MAX_LINE_POINTS);
    counts.given += points.length;
    counts.kept += mark === 'points' ? points.length - withValues(points).length + kept.length : kept.length;
    return { name, mark, points: kept };
  });
  if (counts.hidden > 0) remarks.push(`points at 0 or below have no place on a log axis (${counts.hidden})`);
  if (counts.kept < counts.given) remarks.push(`${counts.kept} of ${counts.given} points are drawn`);
  return { names, series: drawn, remarks };
}

/** Names of all series in the order in which they come; undefined where x are numbers. */
function namesOf(series: readonly Series[]): string[] | undefined {
  const names = new Set<string>();
  for (const { x } of series) for (const place of x) if (typeof place === 'string') names.add(place);
  return names.size === 0 ? undefined : [...names];
}

const isOn = ({ scale }: Axis, value: number): boolean => scale !== 'log' || value > 0;
const withValues = (points: readonly Point[]): readonly Point[] => points.filter(([, y]) => y !== null);

function placeOf(x: Axis, y: Axis, points: readonly Point[]): Place {
  const across = shareOf(
    x,
    points.map(([value]) => value),
  );
  const up = shareOf(
    y,
    points.flatMap(([, value]) => value ?? []),
  );
  return ([atX, atY]) => [across(atX), up(atY ?? 0)];
}

/** From 0 at the lowest to 1 at the highest. */
function shareOf({ scale }: Axis, values: readonly number[]): (value: number) => number {
  const scaled = scale === 'log' ? Math.log : (value: number): number => value;
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, scaled(value));
    high = Math.max(high, scaled(value));
  }
  return (value) => (high > low ? (scaled(value) - low) / (high - low) : 0);
}
