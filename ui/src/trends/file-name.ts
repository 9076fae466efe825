import type { Span } from './span';

/** The name of a file with what a trend shows: `trend-20260503-1412-20260503-2212.png`, in local time as on the screen. */
export function fileName(span: Span, ending: string): string {
  return `trend-${stamp(span.from)}-${stamp(span.to)}.${ending}`;
}

function stamp(ms: number): string {
  const at = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${at.getFullYear()}${two(at.getMonth() + 1)}${two(at.getDate())}`;
  return `${day}-${two(at.getHours())}${two(at.getMinutes())}`;
}
