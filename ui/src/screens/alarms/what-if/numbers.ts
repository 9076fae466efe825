import type { AlarmTuning } from '../../../contract/contract';
import type { Language } from '../../../text/words.svelte';

/** A number of an alarm that can be another one. */
export type NumberName = keyof AlarmTuning;

/** The order in which they are shown. */
const NAMES: readonly NumberName[] = ['limit', 'secondLimit', 'deadband', 'onDelayS', 'offDelayS', 'times'];

/** What stands in the fields, as it was typed. */
export type Typed = Readonly<Record<NumberName, string>>;

/** The numbers that an alarm has, in the order in which they are shown. */
export function numbersOf(tuning: AlarmTuning): NumberName[] {
  return NAMES.filter((name) => tuning[name] !== null);
}

/** A number as a person of the language types it; all its digits, none for a number that there is not. */
export function typed(value: number | null, language: Language): string {
  if (value === null) return '';
  const text = String(value);
  return language === 'de' ? text.replace('.', ',') : text;
}

/** All numbers as a person types them. */
export function typedOf(tuning: AlarmTuning, language: Language): Typed {
  return Object.fromEntries(NAMES.map((name) => [name, typed(tuning[name], language)])) as Typed;
}

/** The number that was typed, with a point or a comma; null where it is none. */
export function parsed(text: string): number | null {
  const plain = text.trim().replace('\u2212', '-').replace(',', '.');
  return /^-?(\d+\.?\d*|\.\d+)$/.test(plain) ? Number(plain) : null;
}

/**
 * The numbers that were typed, and which of them are none. An alarm keeps what it has not: only the numbers of `now` are
 * read. What makes no sense as a whole, the engine says.
 */
export function read(text: Typed, now: AlarmTuning): { tuning: AlarmTuning; wrong: readonly NumberName[] } {
  const tuning = { ...now };
  const wrong: NumberName[] = [];
  for (const name of numbersOf(now)) {
    const value = parsed(text[name]);
    if (value === null || (name === 'times' && !Number.isInteger(value))) wrong.push(name);
    else tuning[name] = value;
  }
  return { tuning, wrong };
}

/** Whether two sets of numbers are the same. */
export function same(one: AlarmTuning, other: AlarmTuning): boolean {
  return NAMES.every((name) => one[name] === other[name]);
}

/** The numbers in which two sets differ. */
export function changed(one: AlarmTuning, other: AlarmTuning): NumberName[] {
  return NAMES.filter((name) => one[name] !== other[name]);
}
