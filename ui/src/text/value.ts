import type { TagView } from '../contract/contract';
import type { Severity } from '../live/quality';
import { digits, NO_VALUE, number } from './number';
import { words } from './words.svelte';

/** What a live tag or a reading of the past offers of its value. */
export interface Shown {
  readonly value: number;
  readonly text: string;
  readonly present: boolean;
}

/** A tag's value in words, without its unit. Reactive in the language. */
export function valueWords(view: TagView, shown: Shown): string {
  if (!shown.present) return NO_VALUE;
  if (view.kind === 'text') return shown.text;
  if (view.kind === 'bool') return truth(view, shown.value);
  if (shown.text !== '') return digits(shown.text);
  return number(shown.value, view.kind === 'int' ? 0 : view.decimals, words.language);
}

/** A number in a tag's own decimals and unit. */
export function inUnit(view: TagView, value: number): string {
  return `${number(value, view.decimals, words.language)}${view.unit === '' ? '' : ` ${view.unit}`}`;
}

function truth(view: TagView, value: number): string {
  if (Number.isNaN(value)) return NO_VALUE;
  const [off, on] = view.words ?? [words.t.value.off, words.t.value.on];
  return value === 0 ? off : on;
}

type Code = keyof typeof words.t.quality.codes;

/** The upper half of the quality codes that have words of their own. */
const CODES: Record<number, Code> = {
  0x0096: 'override',
  0x408f: 'stale',
  0x4090: 'last',
  0x4091: 'substitute',
  0x4092: 'initial',
  0x4094: 'units',
  0x8005: 'communication',
  0x8007: 'decode',
  0x800a: 'timeout',
  0x8031: 'noCommunication',
  0x8032: 'waiting',
  0x803c: 'range',
  0x8074: 'type',
  0x8089: 'configuration',
  0x808a: 'notConnected',
  0x808b: 'device',
  0x808c: 'sensor',
  0x808d: 'outOfService',
  0x809b: 'noData',
};

/** A quality in words: how far it can be trusted, and why not further; a code without words is given as it is. */
export function qualityWords(code: number, severity: Severity): string {
  const name = words.t.quality[severity];
  if (code === 0) return name;
  const found = CODES[code >>> 16];
  const why =
    found === undefined ? `0x${code.toString(16).padStart(8, '0').toUpperCase()}` : words.t.quality.codes[found];
  return `${name}: ${why}`;
}
