import type { TagView } from '../contract/contract';
import type { Pen } from './pens';

/** The least and the greatest value that an axis shows. */
export type Range = readonly [number, number];

/** Whether pens of the same unit share an axis or each has its own. */
export type Sharing = 'unit' | 'own';

/** Whether an axis fits what is drawn or shows the whole display range of its tags. */
export type Fit = 'data' | 'range';

/** A vertical axis and the pens that are read off it. */
export interface Axis {
  readonly key: string;
  readonly unit: string;
  readonly decimals: number;
  readonly pens: readonly Pen[];
}

/** How the height of the plot is divided: switches run in lanes at its foot, all else shares what is left. */
export interface Layout {
  readonly axes: readonly Axis[];
  readonly lanes: readonly Pen[];
}

/** Height of a lane and the space above it, in pixels. */
const LANE = 14;
const LANE_SPACE = 8;

/** A line never fills the plot to its edge. */
const MARGIN = 0.06;

/** Noise is not blown up beyond this share of a tag's display range. */
const LEAST_SHARE = 0.05;

/** An axis stays as it was while its lines fill more of it than this, so that it does not breathe with every sample. */
const STEADY_SHARE = 0.45;

/** Divides the pens among axes and lanes, in the order of the pens. Hidden pens keep their place. */
export function layout(pens: readonly Pen[], sharing: Sharing): Layout {
  const axes = new Map<string, Pen[]>();
  const lanes: Pen[] = [];
  for (const pen of pens) {
    if (pen.tag.kind === 'bool') {
      lanes.push(pen);
      continue;
    }
    const key = sharing === 'own' ? `pen ${pen.number}` : `unit ${pen.tag.unit}`;
    const found = axes.get(key);
    if (found === undefined) axes.set(key, [pen]);
    else found.push(pen);
  }
  return {
    lanes,
    axes: [...axes].map(([key, of]) => ({
      key,
      unit: of[0]?.tag.unit ?? '',
      decimals: Math.max(0, ...of.map((pen) => pen.tag.decimals)),
      pens: of,
    })),
  };
}

/**
 * Which axes are drawn when there is room for `room`: the one of the focused pen first, then in order. The lines of the
 * others are drawn all the same; the table has their values.
 */
export function shownAxes(axes: readonly Axis[], focused: number | null, room: number): readonly Axis[] {
  const first = axes.filter((axis) => axis.pens.some((pen) => pen.tag.index === focused));
  const rest = axes.filter((axis) => !first.includes(axis));
  const shown = new Set([...first, ...rest].slice(0, Math.max(1, room)));
  return axes.filter((axis) => shown.has(axis));
}

/** The range an axis should have for lines that reach over `extent`; null where nothing is drawn yet. */
export function wantedRange(axis: Axis, extent: Range | null, fit: Fit): Range {
  const display = displayRange(axis.pens.map((pen) => pen.tag));
  if (extent === null) return display ?? [0, 1];
  if (fit === 'range' && display !== null) {
    return [Math.min(display[0], extent[0]), Math.max(display[1], extent[1])];
  }
  const [least, greatest] = extent;
  const smallest = display === null ? tiny(least, greatest) : (display[1] - display[0]) * LEAST_SHARE;
  const height = Math.max(greatest - least, smallest);
  const middle = (least + greatest) / 2;
  return [middle - height * (0.5 + MARGIN), middle + height * (0.5 + MARGIN)];
}

/** The range that is used, given the one that was: it grows at once, and shrinks only when much of it is empty. */
export function steadyRange(before: Range | null, wanted: Range): Range {
  if (before === null) return wanted;
  const height = wanted[1] - wanted[0];
  const holds = before[0] <= wanted[0] && before[1] >= wanted[1];
  return holds && height > STEADY_SHARE * (before[1] - before[0]) ? before : wanted;
}

/** The range of an axis with the lanes' share of the plot left free at its foot. */
export function aboveLanes(range: Range, lanes: number, height: number): Range {
  const share = Math.min(0.6, (lanes * (LANE + LANE_SPACE)) / Math.max(1, height));
  return [range[1] - (range[1] - range[0]) / (1 - share), range[1]];
}

/** The range that makes 0 and 1 the foot and the head of a lane, counted from the bottom of the plot. */
export function laneRange(lane: number, height: number): Range {
  const foot = lane * (LANE + LANE_SPACE) + LANE_SPACE / 2;
  return [-foot / LANE, (height - foot) / LANE];
}

/** How many digits after the point the marks of an axis need, `step` apart. */
export function decimalsFor(step: number): number {
  for (let decimals = 0; decimals < 9; decimals += 1) {
    const shifted = step * 10 ** decimals;
    if (Math.abs(shifted - Math.round(shifted)) < 1e-6 * shifted) return decimals;
  }
  return 9;
}

function displayRange(tags: readonly TagView[]): Range | null {
  const ranges = tags.map((tag) => tag.range).filter((range) => range !== null);
  if (ranges.length === 0) return null;
  const least = Math.min(...ranges.map((range) => range[0]));
  const greatest = Math.max(...ranges.map((range) => range[1]));
  return least < greatest ? [least, greatest] : null;
}

/** The least height of an axis whose tags have no display range: small against the values, and never nothing. */
function tiny(least: number, greatest: number): number {
  return Math.max(Math.abs(least), Math.abs(greatest)) * LEAST_SHARE || 1;
}
