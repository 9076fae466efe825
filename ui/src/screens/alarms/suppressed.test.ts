import { expect, test } from 'vitest';

import type { SuppressedAlarm } from '../../contract/contract';
import { reasonsOf } from './suppressed';

const NONE: SuppressedAlarm = {
  alarm: 'line1/filler/temp/high',
  priority: 2,
  message: 'Temperature high',
  equipment: 'ulm/fill/line1/filler',
  isPresent: true,
  shelved: null,
  shelvedUntil: null,
  oneShot: false,
  byDesign: null,
  byDesignSince: null,
  outOfService: null,
};

test('every reason is a row of its own, as each ends in its own way', () => {
  const shelved = { user: 'eve', station: 'desk 1', note: 'sensor is being cleaned', at: 1_000 };
  const outOfService = { user: 'max', station: 'panel 3', note: 'permit 4711', at: 2_000 };
  const alarm = { ...NONE, shelved, shelvedUntil: 61_000, outOfService, byDesign: 'not running', byDesignSince: 500 };
  expect(reasonsOf(alarm)).toEqual([
    { how: 'shelved', who: 'eve, desk 1', why: 'sensor is being cleaned', since: 1_000, until: 61_000 },
    { how: 'service', who: 'max, panel 3', why: 'permit 4711', since: 2_000, until: null },
    { how: 'design', who: '', why: 'not running', since: 500, until: null },
  ]);
});

test('what is shelved until it returns is said to be', () => {
  const shelved = { user: 'eve', station: 'desk 1', note: 'once', at: 1_000 };
  expect(reasonsOf({ ...NONE, shelved, shelvedUntil: 61_000, oneShot: true })[0]?.how).toBe('oneShot');
});
