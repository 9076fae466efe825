import { expect, test } from 'vitest';

import { CallError } from '../../../host/host';
import { FakeHost } from '../../../../test/fake-host';
import { fakeTried, TUNING } from '../../../../test/fake-trial';
import { words } from '../../../text/words.svelte';
import { Trial } from './trial.svelte';

const ALARM = 'line1/filler/temp/high';

/** A trial that has seen the past as it was. */
async function begun(): Promise<{ host: FakeHost; trial: Trial }> {
  words.language = 'en';
  const host = new FakeHost();
  const trial = new Trial(host, ALARM);
  await trial.replay();
  return { host, trial };
}

test('other numbers are compared with those it has, and taken over with a reason', async () => {
  const { host, trial } = await begun();
  expect(trial.typed.limit).toBe('80');
  expect(trial.isAsIs).toBe(true);
  expect(await trial.takeOver('nothing was tried')).toBe(false);

  trial.type('limit', '82,5');
  expect(trial.isTried).toBe(false);
  await trial.replay();
  expect(trial.isTried).toBe(true);
  expect(trial.after?.figures.activations).toBeLessThan(trial.tried?.before.activations ?? 0);

  trial.type('limit', '99');
  expect(trial.isTried, 'the figures are of other numbers').toBe(false);
  expect(await trial.takeOver('not these')).toBe(false);
  trial.type('limit', '82.5');
  host.tryAlarm = (request) => ({ ...fakeTried(request), tuning: { ...TUNING, limit: 82.5 } });
  expect(await trial.takeOver('too near to normal')).toBe(true);
  expect(host.calls.find(({ command }) => command === 'alarm_change')?.request).toEqual({
    alarm: ALARM,
    tuning: { ...TUNING, limit: 82.5 },
    reason: 'too near to normal',
  });
  expect(trial.taken?.after.limit).toBe(82.5);
  expect(host.calls.at(-1)?.request, 'what was tried is now what it has').toMatchObject({ tuning: null });
  expect(trial.after).toBeNull();
  expect(trial.isAsIs).toBe(true);
});

test('a suggestion fills the fields and says what it meets', async () => {
  const { host, trial } = await begun();
  trial.target = 6;
  await trial.suggest();
  expect(host.calls.at(-1)?.request).toMatchObject({ tuning: null, suggestPerDay: 6 });
  expect(trial.typed.offDelayS).toBe('30');
  expect(trial.found).toEqual({ what: 'found', target: 6 });
  expect(trial.isTried, 'it need not be tried again').toBe(true);
  trial.putBack();
  expect(trial.isAsIs).toBe(true);
  expect(trial.after).toBeNull();
});

test('that there is no suggestion, or none is needed, is said', async () => {
  const { host, trial } = await begun();
  host.tryAlarm = (request) => ({ ...fakeTried(request), suggestion: null, suggested: null });
  await trial.suggest();
  expect(trial.found?.what).toBe('none');
  host.tryAlarm = (request) => ({ ...fakeTried(request), suggestion: null, suggested: null, remarks: ['noSearch'] });
  await trial.suggest();
  expect(trial.found?.what).toBe('notSearched');
  host.tryAlarm = (request) => ({ ...fakeTried(request), suggestion: TUNING });
  await trial.suggest();
  expect(trial.found?.what).toBe('asIs');
  expect(trial.isAsIs).toBe(true);
});

test('what is no number is not asked', async () => {
  const { host, trial } = await begun();
  const asked = host.calls.length;
  trial.type('deadband', 'wide');
  expect(trial.wanted?.wrong).toEqual(['deadband']);
  await trial.replay();
  expect(host.calls.length).toBe(asked);
});

test('an answer that was overtaken is not shown', async () => {
  const { host, trial } = await begun();
  const held: (() => void)[] = [];
  host.tryAlarm = (request) => new Promise((resolve) => held.push(() => resolve(fakeTried(request))));
  trial.days = 30;
  const slow = trial.replay();
  trial.days = 1;
  const fast = trial.replay();
  await expect.poll(() => held.length).toBe(2);
  held[1]?.();
  await fast;
  held[0]?.();
  await slow;
  expect(trial.tried?.before.activations).toBe(24);
  expect(trial.doing).toBe('nothing');
});

test('a refusal leaves what was tried, with its words', async () => {
  const { host, trial } = await begun();
  trial.type('limit', '82');
  await trial.replay();
  host.writeFailure = new CallError('unavailable', 'it comes from a template: change it on line 14 of plant.toml', '');
  expect(await trial.takeOver('too near to normal')).toBe(false);
  expect(trial.failure?.of).toBe('writing');
  expect(trial.failure?.error.message).toContain('line 14');
  expect(trial.isTried).toBe(true);
});

test('the fields speak the language of the screens', async () => {
  const { trial } = await begun();
  trial.type('deadband', '1.5');
  words.language = 'de';
  trial.speak();
  expect(trial.typed.deadband).toBe('1,5');
  words.language = 'en';
});
