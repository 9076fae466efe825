import type { Span } from './span';
import { lastAt, trust, type Samples, type Trust } from './samples';

/** How the samples of a tag are joined: a number glides from one to the next, a switch or a counter jumps. */
export type Shape = 'line' | 'step';

/** Where the strokes of a line go; a canvas path is one. */
export interface Pencil {
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
}

/** What a line is drawn with: one pencil for what is good, one for what is uncertain or stale. */
export interface Pencils {
  readonly good: Pencil;
  readonly doubtful: Pencil;
}

/** From an instant and a value to places on the canvas. */
export interface Scales {
  x(time: number): number;
  y(value: number): number;
}

/**
 * Draws a tag's samples over `span`. Bad quality and no value leave a gap; before a gap the last value is held up to
 * where it ceased to be true, and the newest one is held up to `until`, because a value that has not changed still stands.
 */
export function stroke(
  samples: Samples,
  span: Span,
  until: number,
  shape: Shape,
  scales: Scales,
  pencils: Pencils,
): void {
  const first = Math.max(0, lastAt(samples, span.from));
  let pencil: Pencil | null = null;
  for (let at = first; at < samples.time.length; at += 1) {
    const time = samples.time[at] ?? NaN;
    if (time > span.to) return;
    const value = samples.value[at] ?? NaN;
    const grade = trust(value, samples.quality[at] ?? 0);
    const next = choose(pencils, grade);
    if (next === null) {
      pencil = null;
      continue;
    }
    const x = scales.x(time);
    const y = scales.y(value);
    if (pencil !== next) next.moveTo(x, y);
    pencil = next;

    const isLast = at + 1 >= samples.time.length;
    const endTime = isLast ? Math.max(time, until) : (samples.time[at + 1] ?? NaN);
    const endValue = isLast ? value : joined(value, samples, at + 1, shape);
    const endX = scales.x(endTime);
    next.lineTo(endX, scales.y(endValue));
    if (!isLast && shape === 'step') {
      // The jump belongs to the value that stood before it, so that no dash is lost in a corner.
      const after = samples.value[at + 1] ?? NaN;
      if (trust(after, samples.quality[at + 1] ?? 0) !== 'none') next.lineTo(endX, scales.y(after));
    }
  }
}

/** The value at which the stroke from one sample ends, where the next sample begins. */
function joined(value: number, samples: Samples, next: number, shape: Shape): number {
  const after = samples.value[next] ?? NaN;
  return shape === 'line' && trust(after, samples.quality[next] ?? 0) !== 'none' ? after : value;
}

function choose(pencils: Pencils, grade: Trust): Pencil | null {
  switch (grade) {
    case 'good':
      return pencils.good;
    case 'doubtful':
      return pencils.doubtful;
    case 'none':
      return null;
  }
}
