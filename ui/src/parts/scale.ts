import type { TagView } from '../contract/contract';

/** Where a value lies between two ends, from 0 to 1; what lies beyond is held at the end, no value at the beginning. */
export function share(value: number, low: number, high: number): number {
  if (Number.isNaN(value) || !(high > low)) return 0;
  return Math.min(1, Math.max(0, (value - low) / (high - low)));
}

/** The upper end of a bar that begins at nothing: of the range, else room above target and normal band. */
export function barEnd(view: TagView, target: number): number {
  if (view.range !== null && view.range[1] > 0) return view.range[1];
  const most = Math.max(Number.isNaN(target) ? 0 : target, view.normal?.[1] ?? 0);
  return most > 0 ? most * 1.2 : 100;
}

/** The share of an indicator that its normal band takes, in the middle; so the bands of many line up. */
export const BAND_FROM = 0.35;
export const BAND_TO = 0.65;

/** Where things lie on an analog indicator, each from 0 to 1. */
export interface IndicatorScale {
  low: number;
  high: number;
  /** Whether there is a normal band, which then lies between `BAND_FROM` and `BAND_TO`. */
  banded: boolean;
  at: (value: number) => number;
}

/**
 * The scale of an analog indicator (HMI-07). With a normal band it is bent so that the band lies at the same place on
 * every indicator of a bank: a deviation is seen without reading a number. Without a range there is no scale.
 */
export function indicatorScale(view: TagView): IndicatorScale | null {
  const ends = view.range ?? widened(view);
  if (ends === null || !(ends[1] > ends[0])) return null;
  const [low, high] = ends;
  const normal = view.normal;
  if (normal === null || !(normal[1] > normal[0])) {
    return { low, high, banded: false, at: (value) => share(value, low, high) };
  }
  const [from, to] = normal;
  const at = (value: number): number => {
    if (value < from) return BAND_FROM * share(value, low, from);
    if (value > to) return to < high ? BAND_TO + (1 - BAND_TO) * share(value, to, high) : BAND_TO;
    return BAND_FROM + (BAND_TO - BAND_FROM) * share(value, from, to);
  };
  return { low, high, banded: true, at };
}

function widened(view: TagView): [number, number] | null {
  const marks = [...(view.normal ?? []), ...view.limits.map((each) => each.value)];
  if (marks.length < 2) return null;
  const [low, high] = [Math.min(...marks), Math.max(...marks)];
  const room = (high - low) * 0.25;
  return [low - room, high + room];
}
