import { expect, test } from 'vitest';

import type { AlarmTuning } from '../../../contract/contract';
import { changed, numbersOf, parsed, read, same, typedOf } from './numbers';

const HIGH: AlarmTuning = { limit: 80.5, secondLimit: null, deadband: 1, onDelayS: 5, offDelayS: 0, times: null };

test('only the numbers that an alarm has can be others', () => {
  expect(numbersOf(HIGH)).toEqual(['limit', 'deadband', 'onDelayS', 'offDelayS']);
  expect(numbersOf({ ...HIGH, limit: null, deadband: null, times: 3 })).toEqual(['onDelayS', 'offDelayS', 'times']);
});

test('a number is typed with the point of the language, and read with either', () => {
  expect(typedOf(HIGH, 'en').limit).toBe('80.5');
  expect(typedOf(HIGH, 'de').limit).toBe('80,5');
  expect(typedOf(HIGH, 'de').secondLimit).toBe('');
  expect(['80.5', '80,5', ' 80.5 ', '.5', '-3', '\u22123', '7.'].map(parsed)).toEqual([
    80.5, 80.5, 80.5, 0.5, -3, -3, 7,
  ]);
  expect(['', '-', '1e3', '8O', '1.000,5', '12 3', 'NaN'].map(parsed)).toEqual([
    null,
    null,
    null,
    null,
    null,
    null,
    null,
  ]);
});

test('what is no number is told by its field, and what an alarm has not is not read', () => {
  const typed = { ...typedOf(HIGH, 'en'), limit: '82', deadband: 'x', secondLimit: '99' };
  const { tuning, wrong } = read(typed, HIGH);
  expect(wrong).toEqual(['deadband']);
  expect(tuning).toEqual({ ...HIGH, limit: 82 });
  const counted = { ...HIGH, times: 3 };
  expect(read({ ...typedOf(counted, 'en'), times: '2.5' }, counted).wrong).toEqual(['times']);
});

test('what was typed and not changed is the same numbers', () => {
  expect(same(read(typedOf(HIGH, 'de'), HIGH).tuning, HIGH)).toBe(true);
  expect(changed(HIGH, { ...HIGH, limit: 82, onDelayS: 6 })).toEqual(['limit', 'onDelayS']);
});
