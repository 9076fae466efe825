/** A stretch of time, in milliseconds since the Unix epoch; `from` is before `to`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What a trend looks at: the newest stretch, which moves with the clock, or one that stands still. */
export type View = { readonly kind: 'live'; readonly length: number } | ({ readonly kind: 'still' } & Span);

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The stretches a single key or click chooses, by the name of their message. */
export const LENGTHS = [
  { name: '5min', length: 5 * MINUTE },
  { name: '15min', length: 15 * MINUTE },
  { name: '1h', length: HOUR },
  { name: '8h', length: 8 * HOUR },
  { name: '1d', length: DAY },
  { name: '7d', length: 7 * DAY },
] as const;

/** What a trend opens with when nothing else is said. */
export const FIRST_LENGTH = 15 * MINUTE;

const SHORTEST = 2 * SECOND;
const LONGEST = 366 * DAY;

/** A view whose right end comes this close to now, as a share of its length, is taken to mean now. */
const REACHES_NOW = 0.01;

/** The stretch a view shows at the instant `now`. */
export function spanOf(view: View, now: number): Span {
  return view.kind === 'live' ? { from: now - view.length, to: now } : { from: view.from, to: view.to };
}

/** The length of a stretch, in milliseconds. */
export function lengthOf(span: Span): number {
  return span.to - span.from;
}

/** A view that follows the clock. */
export function live(length: number): View {
  return { kind: 'live', length: bounded(length) };
}

/**
 * The view for a stretch that somebody chose while the clock was followed, or that an address names: it goes on to follow
 * when its right end reaches now, since nothing can be seen beyond now, and stands still otherwise.
 */
export function settled(span: Span, now: number): View {
  const length = bounded(lengthOf(span));
  return span.to >= now - length * REACHES_NOW ? live(length) : still(span, now);
}

/** A view that stands still, of which nothing lies beyond now. */
export function still(span: Span, now: number): View {
  const length = bounded(lengthOf(span));
  const middle = (span.from + span.to) / 2;
  const from = Math.max(0, Math.min(middle + length / 2, now) - length);
  return { kind: 'still', from: Math.round(from), to: Math.round(from + length) };
}

/** The stretch made longer or shorter by `factor` so that the instant `at` stays where it is on the screen. */
export function zoomed(span: Span, at: number, factor: number): Span {
  const length = lengthOf(span);
  const share = (at - span.from) / length;
  const next = bounded(length * factor);
  return { from: at - share * next, to: at + (1 - share) * next };
}

/** The stretch moved by a share of its own length; negative is towards the past. */
export function moved(span: Span, share: number): Span {
  const by = lengthOf(span) * share;
  return { from: span.from + by, to: span.to + by };
}

/** The stretch between two instants in either order. */
export function between(one: number, other: number): Span {
  return { from: Math.min(one, other), to: Math.max(one, other) };
}

/** Whether two views show the same. */
export function sameView(one: View, other: View): boolean {
  if (one.kind === 'live') return other.kind === 'live' && one.length === other.length;
  return other.kind === 'still' && one.from === other.from && one.to === other.to;
}

function bounded(length: number): number {
  return Math.min(Math.max(Math.round(length), SHORTEST), LONGEST);
}
