import type { Language } from './words.svelte';

/** Shown where there is no number. */
export const NO_VALUE = '– – –';

/** Digits in groups of three from five on, by a narrow space, which no language takes for a point. */
const GROUP = '\u202f';
const MINUS = '\u2212';

/**
 * A number with a fixed count of digits after the point, so that columns of it line up. No exponent within what a plant
 * measures; what is beyond is shown with one rather than cut.
 */
export function number(value: number, decimals: number, language: Language): string {
  if (Number.isNaN(value)) return NO_VALUE;
  if (!Number.isFinite(value)) return value > 0 ? '∞' : `${MINUS}∞`;
  const point = language === 'de' ? ',' : '.';
  const size = Math.abs(value);
  if (size >= 1e15) return value.toExponential(3).replace('.', point).replaceAll('-', MINUS);
  const [whole = '', rest = ''] = size.toFixed(decimals).split('.');
  // Rounded to nothing, it has no sign: a minus before zeros would flicker around zero.
  const sign = value < 0 && /[1-9]/.test(whole + rest) ? MINUS : '';
  return sign + grouped(whole) + (rest === '' ? '' : point + rest);
}

/** An integer given as digits, exactly. */
export function digits(text: string): string {
  const sign = text.startsWith('-') ? MINUS : '';
  return sign + grouped(sign === '' ? text : text.slice(1));
}

/** A count of bytes in words. */
export function bytes(count: number, language: Language): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let at = 0;
  let size = count;
  while (size >= 1000 && at < units.length - 1) {
    size /= 1000;
    at += 1;
  }
  return `${number(size, at === 0 ? 0 : 1, language)} ${units[at] ?? ''}`;
}

function grouped(whole: string): string {
  return whole.length < 5 ? whole : whole.replace(/\B(?=(\d{3})+$)/g, GROUP);
}
