import { lastAt, trust, type Samples, type Trust } from './samples';
import type { Span } from './span';
import { glideFrom, type Shape } from './shape';

/** A value read off a line at an instant. */
export interface Reading {
  readonly value: number;
  readonly trust: Trust;
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
