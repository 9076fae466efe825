import type { LimitView, TagView } from '../contract/contract';
import { number } from '../text/number';
import { inUnit } from '../text/value';
import type { Language } from '../text/words.svelte';
import {
  aboveLanes,
  decimalsFor,
  laneRange,
  layout,
  shownAxes,
  steadyRange,
  wantedRange,
  type Axis,
  type Fit,
  type Range,
  type Sharing,
} from './axes';
import type { TrendFeed } from './feed.svelte';
import type { PaintedLimit, PaintedPen, Picture } from './paint';
import { shapeOf, type Pen } from './pens';
import type { DrawnAxis } from './plot';
import type { Span } from './span';
import { extent } from './reading';

/** How a person wants the lines drawn. */
export interface Style {
  readonly sharing: Sharing;
  readonly fit: Fit;
  /** The tag whose limits and normal band are drawn. */
  readonly focused: number | null;
  /** The standing cursor, where one is set. */
  readonly pinned: number | null;
  /** How many axes there is room for. */
  readonly room: number;
  readonly language: Language;
  /** Lines drawn, and always seen, in place of the focused tag's limits; null for those. */
  readonly limits: readonly PaintedLimit[] | null;
  /** Short names of the limits. */
  readonly limitNames: Record<LimitView['kind'], string>;
}

/** Makes pictures of pens; keeps the axes steady from one to the next. */
export class Drawing {
  #ranges = new Map<string, Range>();

  /** Lets every axis fit anew, as for another stretch of time. */
  forget(): void {
    this.#ranges = new Map();
  }

  /** The picture of the pens over `span`, for a plot `height` pixels high inside its axes. */
  picture(
    feed: TrendFeed,
    pens: readonly Pen[],
    span: Span,
    height: number,
    style: Style,
  ): { picture: Picture; axes: readonly DrawnAxis[] } {
    const { axes, lanes } = layout(pens, style.sharing);
    const painted: PaintedPen[] = [];
    const drawn = new Map<string, Range>();
    for (const axis of axes) {
      const isFocused = axis.pens.some((pen) => pen.tag.index === style.focused);
      const seen = isFocused ? (style.limits ?? []).map((limit) => limit.value) : [];
      const range = this.#rangeOf(axis, feed, span, style.fit, seen);
      const whole = aboveLanes(range, lanes.length, height);
      drawn.set(axis.key, whole);
      for (const pen of axis.pens) if (!pen.hidden) painted.push(paintedPen(pen, feed, whole, null));
    }
    lanes.forEach((pen, i) => {
      // The first switch lies highest, as the first row of the table does.
      const lane = lanes.length - 1 - i;
      if (!pen.hidden) painted.push(paintedPen(pen, feed, laneRange(lane, height), `${pen.number}  ${pen.tag.name}`));
    });

    const focused = pens.find((pen) => pen.tag.index === style.focused && !pen.hidden) ?? null;
    painted.sort((one, other) => Number(one.number === focused?.number) - Number(other.number === focused?.number));
    const hasAxis = focused !== null && focused.tag.kind !== 'bool';
    return {
      picture: {
        span,
        until: feed.until(),
        pens: painted,
        focused: focused?.number ?? null,
        normal: hasAxis ? focused.tag.normal : null,
        limits: hasAxis ? (style.limits ?? limitsOf(focused.tag, style.limitNames)) : [],
        pinned: style.pinned,
      },
      axes: shownAxes(axes, style.focused, style.room).map((axis) => ({
        key: axis.key,
        label: [axis.unit, ...axis.pens.map((pen) => pen.number)].filter((word) => word !== '').join('  '),
        range: drawn.get(axis.key) ?? [0, 1],
        foot: this.#ranges.get(axis.key)?.[0] ?? 0,
        words: (value, step) => number(value, decimalsFor(step), style.language),
      })),
    };
  }

  #rangeOf(axis: Axis, feed: TrendFeed, span: Span, fit: Fit, seen: readonly number[]): Range {
    let whole: Range | null = null;
    for (const pen of axis.pens) {
      if (pen.hidden) continue;
      const own = extent(feed.samples(pen.tag.index), span);
      if (own === null) continue;
      whole = whole === null ? own : [Math.min(whole[0], own[0]), Math.max(whole[1], own[1])];
    }
    if (whole !== null) whole = [Math.min(whole[0], ...seen), Math.max(whole[1], ...seen)];
    const before = this.#ranges.get(axis.key) ?? null;
    // Nothing to fit to, as before the first answer, is no reason to settle on anything.
    const range = steadyRange(whole === null ? null : before, wantedRange(axis, whole, fit));
    if (whole !== null) this.#ranges.set(axis.key, range);
    return range;
  }
}

function limitsOf(tag: TagView, names: Record<LimitView['kind'], string>): PaintedLimit[] {
  return tag.limits.map(({ kind, value }) => ({ value, words: `${names[kind]} ${inUnit(tag, value)}` }));
}

function paintedPen(pen: Pen, feed: TrendFeed, range: Range, lane: string | null): PaintedPen {
  return { number: pen.number, samples: feed.samples(pen.tag.index), shape: shapeOf(pen.tag), range, lane };
}
