import { glideFrom, type Shape } from './shape';
import type { Span } from './span';
import { lastAt, trust, type Samples, type Trust } from './samples';

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
  let pencil: Pencil | null = null;
  for (let at = Math.max(0, lastAt(samples, span.from)); at < samples.time.length; at += 1) {
    const start = samples.time[at] ?? NaN;
    if (start > span.to) return;
    const value = samples.value[at] ?? NaN;
    const next = choose(pencils, trust(value, samples.quality[at] ?? 0));
    const isLast = at + 1 >= samples.time.length;
    const end = isLast ? Math.max(start, until) : (samples.time[at + 1] ?? NaN);
    const after = samples.value[at + 1] ?? NaN;
    const joins = !isLast && trust(after, samples.quality[at + 1] ?? 0) !== 'none';
    if (next === null || end < span.from) {
      pencil = null;
      continue;
    }

    // Cut at the edges here: a canvas loses its way with places far outside of it.
    const glide = joins ? glideFrom(start, end, shape) : end;
    const at0 = Math.max(start, span.from);
    const height = (time: number): number =>
      time <= glide || end <= glide ? value : value + ((after - value) * (time - glide)) / (end - glide);
    if (pencil !== next) next.moveTo(scales.x(at0), scales.y(height(at0)));
    pencil = next;
    const to = Math.min(end, span.to);
    if (glide > at0 && glide < to) next.lineTo(scales.x(glide), scales.y(value));
    next.lineTo(scales.x(to), scales.y(height(to)));
    // The jump belongs to the value that stood before it, so that no dash is lost in a corner.
    if (joins && shape === 'step' && end <= span.to) next.lineTo(scales.x(to), scales.y(after));
  }
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
