import { FIRST_LENGTH, live, settled, type Span, type View } from './span';

/** The most pens a trend shows; the contract answers no more tags at once. */
export const MOST_PENS = 16;

/** What an address of the trend screen says. */
export interface TrendAddress {
  /** Full tag ids. */
  readonly pens: readonly string[];
  readonly view: View;
}

/**
 * The address of the trend screen with these tags, by which other screens lead to it. `span` is a fixed stretch in
 * milliseconds, such as the minutes around an alarm, or a view; without it the trend follows the clock.
 */
export function trendHash(tagIds: readonly string[], span?: Span | View): string {
  const pens = tagIds.slice(0, MOST_PENS).map((id) => {
    // A comma within an id is not one between two; slashes stay readable.
    const one = id.replaceAll('%', '%25').replaceAll(',', '%2C');
    return encodeURIComponent(one).replaceAll('%2F', '/');
  });
  return `#/trends?${pens.length > 0 ? `pens=${pens.join(',')}&` : ''}${words(span)}`;
}

/**
 * Reads what follows the question mark of an address. What makes no sense is left out rather than refused: an address may
 * come from an older version, or from a hand.
 */
export function readTrendAddress(query: URLSearchParams, now: number): TrendAddress {
  const pens = (query.get('pens') ?? '').split(',').map(decoded);
  return {
    pens: [...new Set(pens)].filter((id) => id !== '').slice(0, MOST_PENS),
    view: readView(query, now),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

function words(span: Span | View | undefined): string {
  if (span === undefined) return `last=${FIRST_LENGTH / 1000}`;
  if ('kind' in span && span.kind === 'live') return `last=${span.length / 1000}`;
  return `from=${Math.round(span.from)}&to=${Math.round(span.to)}`;
}

function readView(query: URLSearchParams, now: number): View {
  const from = number(query.get('from'));
  const to = number(query.get('to'));
  if (from !== null && to !== null && from < to) return settled({ from, to }, now);
  const last = number(query.get('last'));
  return live(last === null || last === 0 ? FIRST_LENGTH : last * 1000);
}

function number(text: string | null): number | null {
  return text !== null && /^\d{1,15}(\.\d+)?$/.test(text) ? Number(text) : null;
}
