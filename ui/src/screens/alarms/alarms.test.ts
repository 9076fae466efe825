import { describe, expect, it } from 'vitest';

import { FakeHost } from '../../../test/fake-host';
import { fakeAlarms } from '../../../test/fake-status';
import { CallError } from '../../host/host';
import { PlantIndex } from '../../live/plant-index';
import { acts, alarmsOf, occurrencesOf } from './acts.svelte';

import { choose, isFiltering, WHOLE, type Filter, type Order } from './choose';
import { occurrences } from './occurrences';

const host = new FakeHost(20);
const plant = new PlantIndex(host.plant);
const alarms = fakeAlarms(host.plant, 300, host.now);
const label = (equipment: string | null): string => plant.label(equipment);
const URGENCY: Order = { column: 'urgency', descending: false };

function chosen(filter: Partial<Filter>, order: Order = URGENCY) {
  return choose(alarms, { ...WHOLE, ...filter }, order, label);
}

describe('the list of alarms', () => {
  it('is the engine’s own, unless something is asked for', () => {
    expect(chosen({})).toEqual(alarms);
    expect(isFiltering(WHOLE)).toBe(false);
  });

  it('is filtered by priority, state, place and words at once', () => {
    const found = chosen({
      priorities: new Set([1, 2]),
      unacknowledgedOnly: true,
      equipment: 'ulm/filling/line1',
      text: 'temp FILLER',
    });
    expect(found.length).toBeGreaterThan(0);
    for (const each of found) {
      expect([1, 2]).toContain(each.priority);
      expect(each.ackedAt).toBeNull();
      expect(each.equipment).toMatch(/^ulm\/filling\/line1\/filler/);
      expect(each.message.toLowerCase()).toContain('temp');
    }
  });

  it('is sorted both ways and keeps the engine’s order among equals', () => {
    const up = chosen({}, { column: 'raisedAt', descending: false });
    expect(up.map((each) => each.raisedAt)).toEqual([...up.map((each) => each.raisedAt)].sort((a, b) => a - b));
    const down = chosen({}, { column: 'priority', descending: true });
    expect(down[0]?.priority).toBe(4);
    const place = new Map(alarms.map((each, at) => [each.occurrence, at]));
    const ones = chosen({}, { column: 'priority', descending: false }).filter((each) => each.priority === 1);
    const places = ones.map((each) => place.get(each.occurrence) ?? -1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  it('takes numbers in names as numbers', () => {
    const found = chosen({}, { column: 'equipment', descending: false }).map((each) => label(each.equipment));
    const nine = found.findIndex((each) => each.includes('Labeller 9'));
    const fifteen = found.findIndex((each) => each.includes('Labeller 15'));
    expect(nine).toBeGreaterThanOrEqual(0);
    expect(nine).toBeLessThan(fifteen);
  });

  it('leaves the list it was given as it was', () => {
    const before = [...alarms];
    chosen({}, { column: 'message', descending: true });
    chosen({}, { column: 'urgency', descending: true });
    expect(alarms).toEqual(before);
  });
});

/** What an act other than shelving makes nothing of. */
const SHELF = { minutes: 60, oneShot: false };

describe('shelving', () => {
  it('is of the alarm, once, however many of its occurrences are chosen', async () => {
    const own = new FakeHost();
    own.setAlarms(fakeAlarms(own.plant, 2, own.now));
    const [first] = own.alarms;
    if (first === undefined) throw new Error('there is one');
    acts.ask('shelve', alarmsOf([first, { ...first, occurrence: `${first.alarm}@1` }]));
    expect(acts.needsNote).toBe(true);
    await acts.confirm(own, 'sensor is being cleaned', { minutes: 15, oneShot: true });
    expect(own.calls.at(-1)).toEqual({
      command: 'alarm_shelve',
      request: { alarms: [first.alarm], note: 'sensor is being cleaned', minutes: 15, oneShot: true },
    });
    expect(own.suppressed.map((each) => each.alarm)).toEqual([first.alarm]);
  });
});

describe('acknowledging', () => {
  it('closes the window once all of it is on disk', async () => {
    const own = new FakeHost();
    own.setAlarms(fakeAlarms(own.plant, 6, own.now));
    const open = own.alarms.filter((each) => each.ackedAt === null);
    acts.ask('acknowledge', occurrencesOf(open));
    await acts.confirm(own, 'seen', SHELF);
    expect(acts.subjects).toEqual([]);
    expect(own.journal.filter((each) => each.kind === 'acknowledged' && each.note === 'seen')).toHaveLength(
      open.length,
    );
  });

  it('keeps what was refused in sight, with the reason', async () => {
    const own = new FakeHost();
    own.setAlarms(fakeAlarms(own.plant, 6, own.now));
    const gone = own.alarms.find((each) => each.ackedAt !== null);
    acts.ask('acknowledge', occurrencesOf(gone === undefined ? [] : [gone]));
    await acts.confirm(own, '', SHELF);
    expect(acts.phase).toBe('refused');
    expect(acts.refused[0]?.reason).toBe('already acknowledged');
    acts.close();
  });

  it('says as of when it was seen, so that what comes while a note is written is not acknowledged', async () => {
    const own = new FakeHost();
    own.setAlarms(fakeAlarms(own.plant, 6, own.now).filter((each) => each.ackedAt === null));
    const requests: unknown[] = [];
    const call = own.call.bind(own);
    own.call = async (command, request) => {
      requests.push(request);
      return call(command, request);
    };
    const seen = own.alarms.map((each) => each.announcedAt);
    acts.ask('acknowledge', occurrencesOf(own.alarms));
    own.setAlarms(own.alarms.map((each) => ({ ...each, announcedAt: each.announcedAt + 1_000 })));
    await acts.confirm(own, 'high, I go there', SHELF);
    expect(requests).toEqual([expect.objectContaining({ announcedAt: seen })]);
  });

  it('says that nothing was written when the disk is full', async () => {
    const own = new FakeHost();
    own.setAlarms(fakeAlarms(own.plant, 6, own.now));
    own.writeFailure = new CallError('storage', 'No space left on the disk', '7f3a');
    acts.ask('acknowledge', occurrencesOf(own.alarms));
    await acts.confirm(own, '', SHELF);
    expect(acts.phase).toBe('failed');
    expect(acts.failure?.code).toBe('storage');
    expect(acts.subjects).toHaveLength(6);
    acts.close();
    expect(acts.subjects).toEqual([]);
  });

  it('of many is done in parts that the contract takes', async () => {
    const own = new FakeHost();
    own.setAlarms(fakeAlarms(own.plant, 2_500, own.now).filter((each) => each.ackedAt === null));
    const sizes: number[] = [];
    const call = own.call.bind(own);
    own.call = async (command, request) => {
      sizes.push((request as { occurrences: string[] }).occurrences.length);
      return call(command, request);
    };
    acts.ask('acknowledge', occurrencesOf(own.alarms));
    const all = acts.subjects.length;
    await acts.confirm(own, '', SHELF);
    expect(sizes.every((each) => each <= 1_000)).toBe(true);
    expect(acts.done).toBe(all);
  });
});

describe('earlier occurrences', () => {
  it('are put together from the journal’s lines, newest first, without the one at hand', () => {
    const own = new FakeHost();
    const line = { alarm: 'a', message: 'm', equipment: null, priority: 1 };
    own.write({ ...line, occurrence: 'a@1', kind: 'raised', time: 1 });
    own.write({ ...line, occurrence: 'a@1', kind: 'returned', time: 5 });
    own.write({ ...line, occurrence: 'a@1', kind: 'acknowledged', time: 9, user: 'anton', note: 'cleaned' });
    own.write({ ...line, occurrence: 'a@20', kind: 'raised', time: 20 });
    own.write({ ...line, occurrence: 'a@30', kind: 'raised', time: 30 });
    expect(occurrences(own.journal, 'a@30')).toEqual([
      { occurrence: 'a@20', raisedAt: 20, returnedAt: null, user: '', note: '' },
      { occurrence: 'a@1', raisedAt: 1, returnedAt: 5, user: 'anton', note: 'cleaned' },
    ]);
  });
});

describe('a suggestion to shelve', () => {
  it('is forgotten with the next thing that is asked for', () => {
    const [alarm] = fakeAlarms(host.plant, 1, host.now);
    if (alarm === undefined) throw new Error('there is an alarm');
    acts.ask('shelve', alarmsOf([alarm]), { note: 'chattering: 9 in 60 s', minutes: 60 });
    expect(acts.suggestion).toEqual({ note: 'chattering: 9 in 60 s', minutes: 60 });
    acts.close();
    acts.ask('shelve', alarmsOf([alarm]));
    expect(acts.suggestion).toBeNull();
    acts.close();
  });
});
