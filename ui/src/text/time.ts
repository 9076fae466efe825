import type { Language } from './words.svelte';

const LOCALE: Record<Language, string> = { en: 'en-GB', de: 'de-DE' };

interface Formats {
  clock: Intl.DateTimeFormat;
  day: Intl.DateTimeFormat;
  dayOnly: Intl.DateTimeFormat;
}

const formats = new Map<Language, Formats>();

function of(language: Language): Formats {
  let found = formats.get(language);
  if (found === undefined) {
    const locale = LOCALE[language];
    found = {
      clock: new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', second: '2-digit' }),
      day: new Intl.DateTimeFormat(locale, { day: '2-digit', month: '2-digit' }),
      dayOnly: new Intl.DateTimeFormat(locale, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' }),
    };
    formats.set(language, found);
  }
  return found;
}

/** Time of day on this machine, to the second. */
export function clock(ms: number, language: Language): string {
  return of(language).clock.format(ms);
}

/** Weekday and date. */
export function date(ms: number, language: Language): string {
  return of(language).dayOnly.format(ms);
}

/** Time of day, with the day before it unless that is today. */
export function instant(ms: number, now: number, language: Language): string {
  const time = of(language).clock.format(ms);
  return sameDay(ms, now) ? time : `${of(language).day.format(ms)} ${time}`;
}

/** A stretch of time in its two largest units: `4 s`, `3 min 20 s`, `2 h 05 min`, `3 d 4 h`. The units are those of SI. */
export function stretch(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${two(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${two(minutes % 60)} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A stretch of time in its largest unit alone, for narrow places. */
export function shortStretch(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 6_000) return `${Math.floor(seconds / 60)} min`;
  const hours = Math.floor(seconds / 3_600);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`;
}

function sameDay(a: number, b: number): boolean {
  const [one, other] = [new Date(a), new Date(b)];
  return (
    one.getDate() === other.getDate() &&
    one.getMonth() === other.getMonth() &&
    one.getFullYear() === other.getFullYear()
  );
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
