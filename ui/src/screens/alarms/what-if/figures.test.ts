import { expect, test } from 'vitest';

import type { TriedAlarm } from '../../../contract/contract';
import { fakeTried, TUNING } from '../../../../test/fake-trial';
import { covered, figureRows, perDay } from './figures';

const DAY_MS = 86_400_000;
const TRIED: TriedAlarm = fakeTried({
  alarm: 'line1/filler/temp/high',
  from: 0,
  to: 2 * DAY_MS,
  tuning: { ...TUNING, offDelayS: 1 },
  suggestPerDay: null,
});

test('the figures stand side by side, and say whether it is fewer', () => {
  const rows = figureRows(TRIED, TRIED.after, 'en');
  const of = (name: string) => rows.find((row) => row.name === name);
  expect(of('activations')).toEqual({ name: 'activations', before: '48', after: '24', change: 'fewer' });
  expect(of('perDay')).toMatchObject({ before: '24.0', after: '12.0' });
  expect(of('active')).toMatchObject({ before: '48 min 00 s (1.7 %)', after: '24 min 00 s (0.8 %)' });
  expect(of('worstHour')).toMatchObject({ before: '1', after: '1', change: 'none' });
  expect(rows.map((row) => row.name)).not.toContain('escalations');
});

test('without other numbers there is nothing beside them', () => {
  expect(figureRows(TRIED, null, 'de').every((row) => row.after === '' && row.change === 'none')).toBe(true);
});

test('a day counts only where there were samples', () => {
  const short = { ...TRIED, first: DAY_MS };
  expect(covered(short)).toBe(DAY_MS);
  expect(perDay(48, short)).toBe(48);
  expect(perDay(0, { ...TRIED, first: null })).toBe(0);
});

test('what is seldom is said only where it was', () => {
  const rows = figureRows(
    { ...TRIED, tuning: { ...TUNING, secondLimit: 90 }, before: { ...TRIED.before, unknownMs: DAY_MS } },
    null,
    'en',
  );
  expect(rows.map((row) => row.name)).toEqual(expect.arrayContaining(['escalations', 'unknown']));
  expect(rows.find((row) => row.name === 'unknown')?.before).toBe('1 d 0 h (50.0 %)');
});
