import type { ActiveAlarm } from '../contract/contract';

/** What stands below one node of the equipment tree. */
export interface Summary {
  /** Occurrences that are not over: active, latched, or returned and not acknowledged. */
  count: number;
  unacknowledged: number;
  /** The highest priority among them. */
  priority: number;
  /** Whether one of that priority is unacknowledged and not yet over: then its mark flashes. */
  flashing: boolean;
}

/** Whether somebody still has to take notice of it. */
export function isUnacknowledged(alarm: ActiveAlarm): boolean {
  return alarm.state === 'unack' || alarm.state === 'rtnUnack' || alarm.state === 'latchedUnack';
}

/** Whether its mark flashes: nobody has taken notice of it, and it has not gone back by itself (HMI-04). */
export function isFlashing(alarm: ActiveAlarm): boolean {
  return alarm.state === 'unack' || alarm.state === 'latchedUnack';
}

/** Sums up alarms for every node of the equipment tree they lie in, the plant's own under the empty path. */
export function summarise(alarms: readonly ActiveAlarm[]): Map<string, Summary> {
  const found = new Map<string, Summary>();
  for (const alarm of alarms) {
    for (const path of wayUp(alarm.equipment ?? '')) count(found, path, alarm);
  }
  return found;
}

function* wayUp(path: string): Generator<string> {
  for (let at = path; ; at = at.slice(0, at.lastIndexOf('/'))) {
    yield at;
    if (!at.includes('/')) return;
  }
}

function count(into: Map<string, Summary>, path: string, alarm: ActiveAlarm): void {
  let summary = into.get(path);
  if (summary === undefined) {
    summary = { count: 0, unacknowledged: 0, priority: alarm.priority, flashing: false };
    into.set(path, summary);
  }
  const flashing = isFlashing(alarm);
  summary.count += 1;
  if (isUnacknowledged(alarm)) summary.unacknowledged += 1;
  if (alarm.priority < summary.priority) {
    summary.priority = alarm.priority;
    summary.flashing = flashing;
  } else if (alarm.priority === summary.priority) {
    summary.flashing ||= flashing;
  }
}
