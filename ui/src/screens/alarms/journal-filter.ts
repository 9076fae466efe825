import type { JournalFilter, JournalKind } from '../../contract/contract';

/** A filter that lets everything through. */
export const EVERYTHING: Readonly<JournalFilter> = {
  equipment: null,
  alarm: null,
  text: null,
  user: null,
  priority: null,
  kinds: [],
  from: null,
  to: null,
};

/** What can be chosen as one kind. */
export const KINDS: readonly JournalKind[] = [
  'raised',
  'returned',
  'acknowledged',
  'reset',
  'recurred',
  'escalated',
  'eased',
  'reAlarmed',
  'announced',
  'confirmed',
  'noted',
  'shelved',
  'unshelved',
  'suppressed',
  'unsuppressed',
  'outOfService',
  'inService',
  'heard',
  'action',
  'system',
];

/** The kinds that are an annunciated alarm, as the performance counts them. */
export const ANNUNCIATED: readonly JournalKind[] = ['raised', 'recurred', 'announced'];

/** The journal with a filter, as an address; what is not said restricts nothing. */
export function journalHash(filter: Partial<JournalFilter>): string {
  const query = new URLSearchParams();
  const put = (name: string, value: string | number | null | undefined): void => {
    if (value !== null && value !== undefined && value !== '') query.set(name, String(value));
  };
  put('equipment', filter.equipment);
  put('alarm', filter.alarm);
  put('text', filter.text);
  put('user', filter.user);
  put('priority', filter.priority);
  put('kinds', filter.kinds?.join(','));
  put('from', filter.from === null || filter.from === undefined ? null : Math.floor(filter.from));
  put('to', filter.to === null || filter.to === undefined ? null : Math.ceil(filter.to));
  const said = query.toString();
  return said === '' ? '#/journal' : `#/journal?${said}`;
}

/** Reads what `journalHash` wrote; what makes no sense restricts nothing. */
export function journalFilter(query: string): JournalFilter {
  const said = new URLSearchParams(query);
  const text = (name: string): string | null => {
    const value = said.get(name)?.trim() ?? '';
    return value === '' ? null : value;
  };
  const whole = (name: string): number | null => {
    const value = text(name);
    return value !== null && /^-?\d{1,15}$/.test(value) ? Number(value) : null;
  };
  const priority = whole('priority');
  return {
    equipment: text('equipment'),
    alarm: text('alarm'),
    text: text('text'),
    user: text('user'),
    priority: priority !== null && priority >= 1 && priority <= 4 ? priority : null,
    kinds: (text('kinds') ?? '')
      .split(',')
      .filter((kind): kind is JournalKind => KINDS.some((known) => known === kind)),
    from: whole('from'),
    to: whole('to'),
  };
}
