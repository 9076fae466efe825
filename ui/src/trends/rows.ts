import type { TrendFeed } from './feed.svelte';
import { shapeOf, type Pen } from './pens';
import { readAt, type Reading } from './reading';

/** What the table reads off a pen's line beside its live value. */
export interface Row {
  readonly pen: Pen;
  readonly pointer: Reading | null;
  readonly pinned: Reading | null;
}

/** The rows of the table, in the order of the pens. */
export function rowsOf(
  feed: TrendFeed,
  pens: readonly Pen[],
  cursors: { readonly pinned: number | null; readonly pointer: number | null },
): readonly Row[] {
  const until = feed.until();
  return pens.map((pen) => {
    const samples = feed.samples(pen.tag.index);
    const shape = shapeOf(pen.tag);
    const read = (at: number | null): Reading | null => (at === null ? null : readAt(samples, at, until, shape));
    return { pen, pointer: read(cursors.pointer), pinned: read(cursors.pinned) };
  });
}
