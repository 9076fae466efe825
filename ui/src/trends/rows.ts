import type { TrendFeed } from './feed.svelte';
import { shapeOf, type Pen } from './pens';
import { lastAt } from './samples';
import { between, type Span } from './span';
import { readAt, statistics, type Reading, type Statistics } from './statistics';

/** More samples than this in a pixel mean that the history has reduced them. */
const REDUCED = 2.5;

/** What the table says of a pen beside its live value. */
export interface Row {
  readonly pen: Pen;
  readonly pointer: Reading | null;
  readonly pinned: Reading | null;
  readonly statistics: Statistics | null;
  /** Whether the mean comes from reduced samples: least and greatest are exact all the same. */
  readonly isReduced: boolean;
}

/** The stretch that statistics are over: between the two cursors where both are set, else everything that is seen. */
export function statisticsSpan(span: Span, pinned: number | null, pointer: number | null): Span {
  if (pinned === null || pointer === null || Math.abs(pinned - pointer) < 1) return span;
  return between(pinned, pointer);
}

/** The rows of the table, in the order of the pens, for a plot `pixels` wide. */
export function rowsOf(
  feed: TrendFeed,
  pens: readonly Pen[],
  span: Span,
  cursors: { readonly pinned: number | null; readonly pointer: number | null },
  pixels: number,
): readonly Row[] {
  const until = feed.until();
  const over = statisticsSpan(span, cursors.pinned, cursors.pointer);
  return pens.map((pen) => {
    const samples = feed.samples(pen.tag.index);
    const shape = shapeOf(pen.tag);
    const read = (at: number | null): Reading | null => (at === null ? null : readAt(samples, at, until, shape));
    return {
      pen,
      pointer: read(cursors.pointer),
      pinned: read(cursors.pinned),
      statistics: statistics(samples, over, until, shape),
      isReduced: lastAt(samples, span.to) - lastAt(samples, span.from) > REDUCED * pixels,
    };
  });
}
