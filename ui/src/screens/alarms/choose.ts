import type { ActiveAlarm, AlarmState } from '../../contract/contract';
import { isUnacknowledged } from '../../live/alarm-summary';
import { below } from '../../live/plant-index';

/** Which alarms of the list are shown. An empty set of priorities means all of them. */
export interface Filter {
  text: string;
  priorities: ReadonlySet<number>;
  unacknowledgedOnly: boolean;
  /** Only of this equipment and below; null for the whole plant. */
  equipment: string | null;
}

/** By what the list can be sorted; `urgency` is the engine's own order. */
export type Column = 'urgency' | 'priority' | 'state' | 'raisedAt' | 'equipment' | 'message';

/** A column and its direction. */
export interface Order {
  column: Column;
  descending: boolean;
}

const STATE_RANK: Record<AlarmState, number> = {
  unack: 0,
  latchedUnack: 1,
  rtnUnack: 2,
  acked: 3,
  latchedAcked: 4,
  rtnUnconfirmed: 5,
  normal: 6,
};

/** Nothing filtered. */
export const WHOLE: Filter = { text: '', priorities: new Set(), unacknowledgedOnly: false, equipment: null };

/** Whether the filter hides anything that could be there. */
export function isFiltering(filter: Filter): boolean {
  return (
    filter.text.trim() !== '' || filter.priorities.size > 0 || filter.unacknowledgedOnly || filter.equipment !== null
  );
}

/** The alarms that the filter lets through, in the order wished for; equal ones keep the engine's order. */
export function choose(
  alarms: readonly ActiveAlarm[],
  filter: Filter,
  order: Order,
  label: (equipment: string | null) => string,
): ActiveAlarm[] {
  const sought = filter.text.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const found = alarms.filter((alarm) => {
    if (filter.priorities.size > 0 && !filter.priorities.has(alarm.priority)) return false;
    if (filter.unacknowledgedOnly && !isUnacknowledged(alarm)) return false;
    if (filter.equipment !== null && !below(alarm.equipment, filter.equipment)) return false;
    if (sought.length === 0) return true;
    const words = `${alarm.message} ${label(alarm.equipment)} ${alarm.alarm} ${alarm.condition}`.toLowerCase();
    return sought.every((each) => words.includes(each));
  });
  if (order.column === 'urgency') return order.descending ? found.reverse() : found;
  const compare = comparison(order.column, label);
  return found.sort(order.descending ? (a, b) => compare(b, a) : compare);
}

function comparison(
  column: Exclude<Column, 'urgency'>,
  label: (equipment: string | null) => string,
): (a: ActiveAlarm, b: ActiveAlarm) => number {
  switch (column) {
    case 'priority':
      return (a, b) => a.priority - b.priority;
    case 'state':
      return (a, b) => STATE_RANK[a.state] - STATE_RANK[b.state];
    case 'raisedAt':
      return (a, b) => a.raisedAt - b.raisedAt;
    case 'equipment':
      return (a, b) => COLLATOR.compare(label(a.equipment), label(b.equipment));
    case 'message':
      return (a, b) => COLLATOR.compare(a.message, b.message);
  }
}

// Names of machines are words with numbers: line 2 comes before line 10.
const COLLATOR = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
