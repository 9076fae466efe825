const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/**
 * Words for the marks of a time axis: the time of day as fine as the marks need it, with the date under the first mark and
 * wherever a day begins. Always of 24 hours: a shift has no a.m.
 */
export function timeLabels(marks: readonly number[], step: number, locale: string, zone?: string): string[] {
  const time = new Intl.DateTimeFormat(locale, {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    ...(step < MINUTE ? { second: '2-digit' } : {}),
    ...(step < 1_000 ? { fractionalSecondDigits: 3 } : {}),
    ...(zone === undefined ? {} : { timeZone: zone }),
  });
  const day = new Intl.DateTimeFormat(locale, {
    day: 'numeric',
    month: 'short',
    ...(zone === undefined ? {} : { timeZone: zone }),
  });
  let before = '';
  return marks.map((mark) => {
    const date = day.format(mark);
    const isNew = date !== before;
    before = date;
    if (step >= DAY) return date;
    return isNew ? `${time.format(mark)}\n${date}` : time.format(mark);
  });
}
