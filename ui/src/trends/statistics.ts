import { lastAt, trust, type Samples, type Trust } from './samples';
import { lengthOf, type Span } from './span';
import { glideFrom, type Shape } from './shape';

/** What a tag did over a stretch of time. Only good values count. */
export interface Statistics {
  readonly least: number;
  readonly greatest: number;
  /** The integral over the good part of the stretch, divided by the length of that part. */
  readonly mean: number;
  /** How much of the stretch was good, 0 to 1. */
  readonly goodShare: number;
}

/** A value read off a line at an instant. */
export interface Reading {
  readonly value: number;
  readonly trust: Trust;
}

/**
 * Statistics weighted by time, after OPC UA's TimeAverage2, of the line as it is drawn. The newest
 * sample is held up to `until`. Null when nothing in the stretch was good.
 */
export function statistics(samples: Samples, span: Span, until: number, shape: Shape): Statistics | null {
  let least = Infinity;
  let greatest = -Infinity;
  let area = 0;
  let good = 0;
  /** Adds a straight piece of the line, as much of it as lies in the stretch. */
  const add = (start: number, startValue: number, end: number, endValue: number): void => {
    const from = Math.max(start, span.from);
    const to = Math.min(end, span.to);
    if (to < from) return;
    const slope = end > start ? (endValue - startValue) / (end - start) : 0;
    const fromValue = startValue + slope * (from - start);
    const toValue = startValue + slope * (to - start);
    least = Math.min(least, fromValue, toValue);
    greatest = Math.max(greatest, fromValue, toValue);
    area += ((fromValue + toValue) / 2) * (to - from);
    good += to - from;
  };
  for (let at = Math.max(0, lastAt(samples, span.from)); at < samples.time.length; at += 1) {
    const time = samples.time[at] ?? NaN;
    if (time >= span.to) break;
    const value = samples.value[at] ?? NaN;
    if (trust(value, samples.quality[at] ?? 0) !== 'good') continue;
    const isLast = at + 1 >= samples.time.length;
    const end = isLast ? Math.max(time, until) : (samples.time[at + 1] ?? NaN);
    const endValue = isLast ? value : glidesTo(value, samples, at + 1);
    const glide = glideFrom(time, end, shape);
    add(time, value, glide, value);
    if (glide < end) add(glide, value, end, endValue);
  }
  if (least > greatest) return null;
  return { least, greatest, mean: good > 0 ? area / good : least, goodShare: good / lengthOf(span) };
}

/** The value of a line at an instant, as it is drawn; null before the first sample and after `until`. */
export function readAt(samples: Samples, time: number, until: number, shape: Shape): Reading | null {
  const at = lastAt(samples, time);
  if (at < 0) return null;
  const isLast = at + 1 >= samples.time.length;
  const start = samples.time[at] ?? NaN;
  if (isLast && time > Math.max(start, until)) return null;
  const value = samples.value[at] ?? NaN;
  const grade = trust(value, samples.quality[at] ?? 0);
  if (grade === 'none') return { value: NaN, trust: grade };
  const end = samples.time[at + 1] ?? NaN;
  const glide = isLast ? time : glideFrom(start, end, shape);
  if (time <= glide) return { value, trust: grade };
  const share = (time - glide) / (end - glide);
  return { value: value + (glidesTo(value, samples, at + 1) - value) * share, trust: grade };
}

/** The least and the greatest value drawn within a stretch, doubtful ones too; null when there is none. */
export function extent(samples: Samples, span: Span): readonly [number, number] | null {
  let least = Infinity;
  let greatest = -Infinity;
  for (let at = Math.max(0, lastAt(samples, span.from)); at < samples.time.length; at += 1) {
    if ((samples.time[at] ?? NaN) > span.to) break;
    const value = samples.value[at] ?? NaN;
    if (trust(value, samples.quality[at] ?? 0) === 'none') continue;
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  return least > greatest ? null : [least, greatest];
}

function glidesTo(value: number, samples: Samples, next: number): number {
  const after = samples.value[next] ?? NaN;
  return trust(after, samples.quality[next] ?? 0) === 'none' ? value : after;
}
