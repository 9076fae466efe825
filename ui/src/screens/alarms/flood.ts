import type { ActiveAlarm, AlarmPair } from '../../contract/contract';
import { isUnacknowledged } from '../../live/alarm-summary';

/** So many lines can be taken in at once (EEMUA 191: an operator handles about ten alarms in ten minutes). */
export const TEN = 10;

/** Alarms that usually come within a minute of each other, and have now, are one event. */
const TOGETHER_MS = 60_000;

/** What puts alarms on one line. */
export type Bond = 'single' | 'firstOut' | 'together' | 'equipment';

/** One line of the list that shows what matters: an alarm and those it stands for. */
export interface Line {
  /** The same for the same line while alarms come and go in it. */
  readonly key: string;
  readonly bond: Bond;
  /** The first of them that came. */
  readonly first: ActiveAlarm;
  /** All others, in the order in which they came. */
  readonly others: readonly ActiveAlarm[];
  /** Those that somebody still has to take notice of. */
  readonly open: readonly ActiveAlarm[];
  /** The most urgent one that is unacknowledged; the most urgent one where none is. */
  readonly urgent: ActiveAlarm;
  /** Its priority. */
  readonly priority: number;
}

/** What is not on the ten lines. */
export interface Rest {
  readonly count: number;
  /** How many there are of each priority 1 to 4. */
  readonly byPriority: readonly number[];
}

/** All occurrences of one alarm that stand, in the order in which they came. */
type Unit = ActiveAlarm[];

const NONE: ReadonlySet<string> = new Set();

/** Which alarms usually come together, to be looked up. */
export class Companions {
  readonly #of = new Map<string, Set<string>>();

  constructor(pairs: readonly AlarmPair[] = []) {
    for (const { alarms } of pairs) {
      this.#join(alarms[0], alarms[1]);
      this.#join(alarms[1], alarms[0]);
    }
  }

  /** The alarms that usually come with one. */
  of(alarm: string): ReadonlySet<string> {
    return this.#of.get(alarm) ?? NONE;
  }

  #join(alarm: string, other: string): void {
    const known = this.#of.get(alarm);
    if (known === undefined) this.#of.set(alarm, new Set([other]));
    else known.add(other);
  }
}

/**
 * Every alarm on exactly one line, the most urgent line first. Alarms of a group of the plant file are on one line, then
 * those that usually come together and did, then those of one machine.
 */
export function linesOf(alarms: readonly ActiveAlarm[], companions: Companions): Line[] {
  const units = unitsOf(alarms);
  const lines: Line[] = [];
  const left = new Set(units);
  const take = (bond: Bond, name: string, group: readonly Unit[]): void => {
    for (const unit of group) left.delete(unit);
    lines.push(lineOf(bond, name, group.flat()));
  };

  for (const [group, members] of grouped(units, (unit) => unit[0]?.firstOutGroup ?? null)) {
    if (members.length > 1) take('firstOut', group, members);
  }
  const byName = new Map(units.map((unit) => [nameOf(unit), unit]));
  for (const leader of units) {
    if (!left.has(leader)) continue;
    const members = [leader];
    for (const name of companions.of(nameOf(leader))) {
      const unit = byName.get(name);
      if (unit === undefined || !left.has(unit)) continue;
      if (Math.abs(began(unit) - began(leader)) <= TOGETHER_MS) members.push(unit);
    }
    if (members.length > 1) take('together', nameOf(leader), members);
  }
  for (const [machine, members] of grouped([...left], (unit) => unit[0]?.equipment ?? null)) {
    if (members.length > 1) take('equipment', machine, members);
  }
  for (const unit of left) take('single', nameOf(unit), [unit]);
  return lines.sort(byUrgency);
}

/** What is beyond the first ten lines, counted. */
export function restOf(lines: readonly Line[]): Rest {
  const byPriority = [0, 0, 0, 0];
  let count = 0;
  for (const line of lines.slice(TEN)) {
    for (const alarm of [line.first, ...line.others]) {
      count += 1;
      byPriority[alarm.priority - 1] = (byPriority[alarm.priority - 1] ?? 0) + 1;
    }
  }
  return { count, byPriority };
}

/** Occurrences of one alarm are never apart: one that chatters is one thing. The earliest alarm comes first. */
function unitsOf(alarms: readonly ActiveAlarm[]): Unit[] {
  const units = [...grouped(alarms, (alarm) => alarm.alarm).values()];
  for (const unit of units) unit.sort(byTime);
  return units.sort((a, b) => began(a) - began(b) || (nameOf(a) < nameOf(b) ? -1 : 1));
}

function lineOf(bond: Bond, name: string, alarms: readonly ActiveAlarm[]): Line {
  const sorted = [...alarms].sort(byTime);
  const open = sorted.filter(isUnacknowledged);
  const asked = open.length > 0 ? open : sorted;
  const marked = sorted.find((alarm) => alarm.firstOut);
  const first = (bond === 'firstOut' ? marked : undefined) ?? sorted[0];
  if (first === undefined) throw new Error('a line has at least one alarm');
  const mine = asked.includes(first) ? first : (asked[0] ?? first);
  const urgent = asked.reduce((most, alarm) => (alarm.priority < most.priority ? alarm : most), mine);
  const others = sorted.filter((alarm) => alarm !== first);
  return { key: `${bond} ${name}`, bond, first, others, open, urgent, priority: urgent.priority };
}

/** Unacknowledged ones first, then by priority, then those whose first alarm is a first-out, then the earliest. */
function byUrgency(a: Line, b: Line): number {
  return (
    Number(a.open.length === 0) - Number(b.open.length === 0) ||
    a.priority - b.priority ||
    Number(!a.first.firstOut) - Number(!b.first.firstOut) ||
    byTime(a.first, b.first)
  );
}

function byTime(a: ActiveAlarm, b: ActiveAlarm): number {
  return a.raisedAt - b.raisedAt || (a.occurrence < b.occurrence ? -1 : 1);
}

function grouped<T>(all: readonly T[], key: (one: T) => string | null): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const name = key(one);
    if (name === null) continue;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [one]);
    else group.push(one);
  }
  return groups;
}

function nameOf(unit: Unit): string {
  return unit[0]?.alarm ?? '';
}

function began(unit: Unit): number {
  return unit[0]?.raisedAt ?? 0;
}
