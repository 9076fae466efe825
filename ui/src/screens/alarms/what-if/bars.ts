import type { TrialSpan } from '../../../contract/contract';
import type { Span } from '../../../trends/span';

/** A stretch of a strip that is filled, in pixels. */
export interface Bar {
  readonly x: number;
  readonly width: number;
}

/** What is shorter would not be seen. */
const LEAST = 2;

/**
 * The times an alarm was active as bars of a strip `width` pixels wide. The shortest is still seen, and those that would
 * touch are one. `spans` is oldest first; one without an end lasts to the end of the strip.
 */
export function bars(spans: readonly TrialSpan[], { from, to }: Span, width: number): Bar[] {
  if (width < LEAST) return [];
  const perMs = width / (to - from);
  const found: Bar[] = [];
  for (const span of spans) {
    const begin = Math.min(Math.max(0, (span.from - from) * perMs), width - LEAST);
    const end = Math.min(width, Math.max(begin + LEAST, ((span.to ?? to) - from) * perMs));
    const last = found.at(-1);
    if (last !== undefined && begin <= last.x + last.width) {
      found[found.length - 1] = { x: last.x, width: Math.max(last.width, end - last.x) };
    } else {
      found.push({ x: begin, width: end - begin });
    }
  }
  return found;
}
