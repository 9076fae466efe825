import { expect, it } from 'vitest';

import type { AlarmView, JournalEntry } from '../contract/contract';
import { gathered, raisesOf } from './alarm-marks';
import { timeLabels } from './time-labels';

function entry(time: number, kind: JournalEntry['kind'], alarm: string | null, priority = 3): JournalEntry {
  return {
    seq: time,
    time,
    kind,
    alarm,
    occurrence: alarm === null ? null : `${alarm}@${time}`,
    equipment: null,
    priority,
    message: `m${time}`,
    value: '',
    user: '',
    station: '',
    note: '',
  };
}

const ALARMS = new Map([
  ['hot', { id: 'hot', tag: 7 } as AlarmView],
  ['cold', { id: 'cold', tag: 8 } as AlarmView],
]);

it('marks are the raises of the drawn tags, oldest first', () => {
  const entries = [
    entry(50, 'raised', 'hot'),
    entry(40, 'acknowledged', 'hot'),
    entry(30, 'raised', 'cold'),
    entry(20, 'system', null),
    entry(10, 'raised', 'hot'),
  ];
  expect(raisesOf(entries, new Set([7]), ALARMS).map((mark) => mark.time)).toEqual([10, 50]);
});

it('marks that would lie on each other are one, which leads to the newest', () => {
  const marks = raisesOf(
    [entry(10, 'raised', 'hot', 3), entry(14, 'raised', 'hot', 1), entry(100, 'raised', 'hot', 4)],
    new Set([7]),
    ALARMS,
  );
  expect(gathered(marks, 10)).toEqual([
    { occurrence: 'hot@14', message: 'm14', time: 10, priority: 1, count: 2 },
    { occurrence: 'hot@100', message: 'm100', time: 100, priority: 4, count: 1 },
  ]);
});

it('time labels name the day once and where it changes', () => {
  const noon = Date.UTC(2026, 4, 3, 12);
  const hour = 3_600_000;
  expect(timeLabels([noon, noon + hour, noon + 12 * hour], hour, 'en-GB', 'UTC')).toEqual([
    '12:00\n3 May',
    '13:00',
    '00:00\n4 May',
  ]);
  expect(timeLabels([noon, noon + 10_000], 10_000, 'en-GB', 'UTC')[1]).toBe('12:00:10');
  expect(timeLabels([noon, noon + 250], 250, 'en-GB', 'UTC')[1]).toBe('12:00:00.250');
  expect(timeLabels([noon, noon + 24 * hour], 24 * hour, 'en-GB', 'UTC')).toEqual(['3 May', '4 May']);
});
