import type { TagView } from '../contract/contract';
import { MOST_PENS } from './trend-hash';
import type { Shape } from './shape';

/** How many pen colours `tokens.css` has; the ninth pen begins again with the first, under its own number. */
export const PEN_COLOURS = 8;

/** A tag that is drawn. */
export interface Pen {
  readonly tag: TagView;
  /** 1 to 16. It names the pen in the table and on the chart, so that colour is never alone, and it stays while others go. */
  readonly number: number;
  readonly hidden: boolean;
}

/** Whether a tag can be drawn as a line at all: a text has no value to draw. */
export function drawable(tag: TagView): boolean {
  return tag.kind !== 'text';
}

/** How a tag's samples are joined. */
export function shapeOf(tag: TagView): Shape {
  if (tag.sloped) return 'slope';
  return tag.kind === 'float' ? 'line' : 'step';
}

/** The custom property of a pen's colour. */
export function colourOf(number: number): string {
  return `--pen-${((number - 1) % PEN_COLOURS) + 1}`;
}

/** The pens, by number, with one more for `tag` under the lowest free one; the same pens when it is there or no number is free. */
export function withPen(pens: readonly Pen[], tag: TagView): readonly Pen[] {
  if (!drawable(tag) || pens.length >= MOST_PENS || pens.some((each) => each.tag.index === tag.index)) return pens;
  const taken = new Set(pens.map((each) => each.number));
  let number = 1;
  while (taken.has(number)) number += 1;
  return [...pens, { tag, number, hidden: false }].sort((one, other) => one.number - other.number);
}

/** The pens without that of the tag. */
export function withoutPen(pens: readonly Pen[], tag: number): readonly Pen[] {
  return pens.filter((each) => each.tag.index !== tag);
}

/** The pens with that of the tag hidden, or shown again. */
export function toggledPen(pens: readonly Pen[], tag: number): readonly Pen[] {
  return pens.map((each) => (each.tag.index === tag ? { ...each, hidden: !each.hidden } : each));
}

/** The pens for these tags, keeping number and visibility of those that were there before. */
export function pensFor(tags: readonly TagView[], before: readonly Pen[]): readonly Pen[] {
  const wanted = new Map(tags.map((tag) => [tag.index, tag]));
  let pens: readonly Pen[] = before
    .filter((each) => wanted.has(each.tag.index))
    .map((each) => ({ ...each, tag: wanted.get(each.tag.index) ?? each.tag }));
  for (const tag of tags) pens = withPen(pens, tag);
  return pens;
}
