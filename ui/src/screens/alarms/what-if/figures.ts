import type { TrialFigures, TriedAlarm } from '../../../contract/contract';
import { number } from '../../../text/number';
import { stretch } from '../../../text/time';
import type { Language } from '../../../text/words.svelte';

/** What a replay is judged by. */
export type TrialFigure =
  'activations' | 'perDay' | 'worstHour' | 'active' | 'fleeting' | 'chattering' | 'floods' | 'escalations' | 'unknown';

/** A figure with the numbers as they are and with others. */
export interface FigureRow {
  readonly name: TrialFigure;
  readonly before: string;
  /** Empty while nothing else was tried. */
  readonly after: string;
  /** Whether the others make it fewer, more, or neither. */
  readonly change: 'fewer' | 'more' | 'none';
}

const DAY_MS = 86_400_000;

/** How much time there were samples of, in milliseconds; what lies before the first of them is not counted. */
export function covered(tried: TriedAlarm): number {
  return tried.first === null ? 0 : Math.max(0, tried.to - Math.max(tried.from, tried.first));
}

/** How often a day an alarm came, over the time there were samples of. */
export function perDay(activations: number, tried: TriedAlarm): number {
  const ms = covered(tried);
  return ms === 0 ? 0 : (activations * DAY_MS) / ms;
}

/** The figures side by side. A second level and a source that was lost are said only where there were any. */
export function figureRows(tried: TriedAlarm, after: TrialFigures | null, language: Language): FigureRow[] {
  const count = (value: number): string => number(value, 0, language);
  const share = (ms: number): string => {
    const all = covered(tried);
    return `${stretch(ms)} (${number(all === 0 ? 0 : (ms / all) * 100, 1, language)} %)`;
  };
  const floods = (of: TrialFigures): string => (of.floods === 0 ? '0' : `${count(of.floods)} (${stretch(of.floodMs)})`);
  const row = (name: TrialFigure, of: (figures: TrialFigures) => number, words: (figures: TrialFigures) => string) => {
    const difference = after === null ? 0 : of(after) - of(tried.before);
    const change = difference === 0 ? 'none' : difference < 0 ? 'fewer' : 'more';
    return { name, before: words(tried.before), after: after === null ? '' : words(after), change } as const;
  };
  const plain = (name: 'activations' | 'worstHour' | 'fleeting' | 'chattering' | 'escalations'): FigureRow =>
    row(
      name,
      (figures) => figures[name],
      (figures) => count(figures[name]),
    );
  return [
    plain('activations'),
    row(
      'perDay',
      (figures) => figures.activations,
      (figures) => number(perDay(figures.activations, tried), 1, language),
    ),
    plain('worstHour'),
    row(
      'active',
      (figures) => figures.activeMs,
      (figures) => share(figures.activeMs),
    ),
    plain('chattering'),
    plain('fleeting'),
    row('floods', (figures) => figures.floods, floods),
    ...(tried.tuning.secondLimit === null ? [] : [plain('escalations')]),
    ...(tried.before.unknownMs === 0
      ? []
      : [
          row(
            'unknown',
            (figures) => figures.unknownMs,
            (figures) => share(figures.unknownMs),
          ),
        ]),
  ];
}
