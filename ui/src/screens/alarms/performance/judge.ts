import type { PerformanceView } from '../../../contract/contract';

/** How a figure stands to what ISA-18.2-2016 and EEMUA 191 (Ed. 3) ask for. */
export type Verdict = 'good' | 'aboveTarget' | 'aboveLimit';

/** The figures with a target, in the order in which they are shown. */
export type FigureName =
  | 'perTenMinutes'
  | 'perHour'
  | 'perDay'
  | 'peak'
  | 'busyTenMinutes'
  | 'busyHours'
  | 'flooded'
  | 'top'
  | 'chattering'
  | 'fleeting'
  | 'stale'
  | 'returned'
  | 'hasty';

export interface Figure {
  name: FigureName;
  /** Null where there was nothing to measure, such as no whole hour. */
  value: number | null;
  /** A share of the whole, 0 to 1, is shown in percent. */
  isShare: boolean;
  decimals: number;
  /** At most this is aimed at. */
  target: number;
  /** At most this can be managed; null where only a target is said. */
  limit: number | null;
}

/** Targets of the share of each priority among the alarms: at most this, for all but the lowest (ISA-18.2-2016). */
export const SHARE_TARGETS: Readonly<Record<number, number>> = { 1: 0.01, 2: 0.05, 3: 0.15 };

/** Within how many seconds 95 of 100 alarms of a priority are to be acknowledged. */
export const ACK_TARGETS_S: Readonly<Record<number, number>> = { 1: 60, 2: 180, 3: 600, 4: 1800 };

/** The standards ask for at least so much of the past, ms. */
export const ENOUGH_MS = 30 * 86_400_000;

/** All figures of a window. */
export function figures(view: PerformanceView): Figure[] {
  const length = view.to - view.from;
  const ten = view.top.reduce((sum, each) => sum + each.count, 0);
  const figure = (name: FigureName, value: number | null, target: number, limit: number | null = null): Figure => ({
    name,
    value,
    isShare: false,
    decimals: 0,
    target,
    limit,
  });
  const rate = (each: Figure): Figure => ({ ...each, decimals: 1 });
  const share = (each: Figure): Figure => ({ ...each, isShare: true, decimals: 1 });
  return [
    rate(figure('perTenMinutes', view.perTenMinutes, 1, 2)),
    rate(figure('perHour', view.perHour, 6, 12)),
    rate(figure('perDay', view.perDay, 144, 288)),
    figure('peak', view.peak, 10),
    share(figure('busyTenMinutes', part(view.tenMinutes.busy, view.tenMinutes.whole), 0.01)),
    share(figure('busyHours', part(view.hours.busy, view.hours.whole), 0.01)),
    share(figure('flooded', part(view.floodedMs, length), 0.01)),
    share(figure('top', part(ten, view.count), 0.01, 0.05)),
    figure('chattering', view.chattering.length, 0),
    figure('fleeting', view.fleeting.length, 0),
    figure('stale', view.staleOnADay, 4),
    share(figure('returned', part(view.returnedUnacknowledged, view.count), 0.05)),
    figure('hasty', view.hasty, 0),
  ];
}

/** How a figure stands to its target and limit. */
export function judge({ value, target, limit }: Pick<Figure, 'value' | 'target' | 'limit'>): Verdict {
  if (value === null || value <= target) return 'good';
  return limit !== null && value > limit ? 'aboveLimit' : 'aboveTarget';
}

/** A part of a whole; null where there is no whole. */
export function part(some: number, whole: number): number | null {
  return whole > 0 ? some / whole : null;
}

/** Where a count of the heat map is between none and more than an operator can take in an hour, 0 to 1. */
export function heat(count: number): number {
  const TOO_MANY = 30;
  return Math.min(1, Math.sqrt(count / TOO_MANY));
}
