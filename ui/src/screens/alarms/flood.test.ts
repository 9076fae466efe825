import { beforeEach, describe, expect, it } from 'vitest';

import { FakeHost } from '../../../test/fake-host';
import { fakeAlarms } from '../../../test/fake-status';
import type { ActiveAlarm } from '../../contract/contract';
import { isUnacknowledged } from '../../live/alarm-summary';
import { acts, occurrencesOf } from './acts.svelte';
import { Companions, linesOf, restOf, TEN, type Line } from './flood';
import { floodView } from './flood-view.svelte';
import { firstOutOf } from './suppressed';

const host = new FakeHost(20);
const [some] = fakeAlarms(host.plant, 1, host.now);
if (some === undefined) throw new Error('there is an alarm');
const PLAIN: ActiveAlarm = { ...some, state: 'unack', priority: 3, firstOut: false, chattering: null, fleeting: 0 };

/** An alarm on a machine that came so many seconds after the beginning. */
function alarm(name: string, seconds: number, more: Partial<ActiveAlarm> = {}): ActiveAlarm {
  const machine = name.split('/')[0] ?? '';
  return {
    ...PLAIN,
    alarm: name,
    occurrence: `${name}@${seconds}`,
    equipment: machine,
    raisedAt: seconds * 1_000,
    ...more,
  };
}

function words(lines: readonly Line[]): string[] {
  return lines.map((line) => `${line.bond}: ${[line.first, ...line.others].map((each) => each.alarm).join(' ')}`);
}

const PAIRS = new Companions([{ alarms: ['pump/tripped', 'filler/starved'], together: 8, of: 9 }]);

describe('the list that shows the ten that matter', () => {
  it('puts the alarms of one machine on one line, under the first that came', () => {
    const lines = linesOf([alarm('filler/b', 5), alarm('capper/x', 1), alarm('filler/a', 3)], new Companions());
    expect(words(lines)).toEqual(['single: capper/x', 'equipment: filler/a filler/b']);
  });

  it('puts together across machines what usually comes together, if it has come together now', () => {
    const together = [alarm('filler/starved', 40), alarm('pump/tripped', 0), alarm('filler/hot', 50)];
    expect(words(linesOf(together, PAIRS))).toEqual(['together: pump/tripped filler/starved', 'single: filler/hot']);
    const apart = [alarm('filler/starved', 100), alarm('pump/tripped', 0)];
    expect(words(linesOf(apart, PAIRS))).toEqual(['single: pump/tripped', 'single: filler/starved']);
  });

  it('believes the plant file before the journal, and the mark of the first before the clock', () => {
    const group = { firstOutGroup: 'cell' };
    const alarms = [
      alarm('pump/tripped', 0, group),
      alarm('filler/starved', 1),
      alarm('capper/guard', 2, { ...group, firstOut: true }),
    ];
    expect(words(linesOf(alarms, PAIRS))).toEqual(['firstOut: capper/guard pump/tripped', 'single: filler/starved']);
  });

  it('is in the order of the most urgent that nobody has seen, then first-out, then time', () => {
    const lines = linesOf(
      [
        alarm('a/seen', 0, { priority: 1, state: 'acked' }),
        alarm('b/late', 9, { priority: 2 }),
        alarm('c/early', 1, { priority: 2 }),
        alarm('d/first', 12, { priority: 2, firstOut: true, firstOutGroup: 'd' }),
        alarm('e/seen', 2, { priority: 1, state: 'acked' }),
        alarm('e/open', 3, { priority: 3 }),
      ],
      new Companions(),
    );
    expect(lines.map((line) => line.first.alarm)).toEqual(['d/first', 'c/early', 'b/late', 'e/seen', 'a/seen']);
    expect(lines.map((line) => line.priority)).toEqual([2, 2, 2, 3, 1]);
    expect(lines[3]?.urgent.alarm, 'what makes the line urgent').toBe('e/open');
  });

  it('takes an alarm that came twenty times for one thing', () => {
    const alarms = Array.from({ length: 20 }, (_, at) => alarm('filler/hot', at, { state: 'rtnUnack' }));
    expect(linesOf(alarms, new Companions())).toHaveLength(1);
  });

  it('hides nothing that it does not count, of ten thousand alarms on a thousand machines', () => {
    const alarms = Array.from({ length: 10_000 }, (_, at) =>
      alarm(`m${at % 1_000}/a${at}`, at / 1_000, { priority: 1 + ((at * 7) % 3) }),
    );
    const lines = linesOf(alarms, new Companions());
    const shown = lines.slice(0, TEN).flatMap((line) => [line.first, ...line.others]);
    const rest = restOf(lines);
    expect(new Set(lines.flatMap((line) => [line.first, ...line.others])).size).toBe(10_000);
    expect(shown.length + rest.count).toBe(10_000);
    expect(rest.byPriority.reduce((sum, count) => sum + count)).toBe(rest.count);
    const urgent = lines.slice(0, TEN).map((line) => line.priority);
    expect(urgent, 'the most urgent are on top').toEqual(Array.from({ length: TEN }, () => 1));
  });

  it('acknowledges of a line what was shown on it, and not what came after', async () => {
    const host = new FakeHost(20);
    host.alarms = [alarm('filler/a', 1), alarm('filler/b', 2), alarm('filler/seen', 0, { state: 'acked' })];
    const [line] = linesOf(host.alarms, new Companions());
    if (line === undefined) throw new Error('there is a line');
    acts.ask('acknowledge', occurrencesOf(line.open));
    const late = alarm('filler/c', 3);
    host.alarms = [...host.alarms, late];
    await acts.confirm(host, 'seen', { minutes: 60, oneShot: false });
    expect(host.alarms.filter(isUnacknowledged).map((each) => each.alarm)).toEqual(['filler/c']);
  });
});

describe('which list is shown', () => {
  const FLOOD = { since: 5_000_000, count: 46 };

  beforeEach(() => localStorage.clear());

  it('is the ten lines in a flood and the whole list otherwise, until somebody says otherwise', () => {
    expect(floodView.view(null)).toBe('all');
    expect(floodView.view(FLOOD)).toBe('ten');
    floodView.choose(FLOOD, 'all');
    expect(floodView.view(FLOOD)).toBe('all');
    expect(floodView.view({ ...FLOOD, count: 99 }), 'for this flood, however it grows').toBe('all');
    expect(floodView.view({ since: 9_000_000, count: 11 }), 'the next one begins anew').toBe('ten');
  });

  it('can be the ten lines at any time', () => {
    floodView.choose(null, 'ten');
    expect(floodView.view(null)).toBe('ten');
    floodView.choose(null, 'all');
  });
});

describe('an alarm that the first of its group suppresses', () => {
  it('says by which', () => {
    expect(firstOutOf('first-out of group press: alarm works/press/a1')).toEqual({
      group: 'press',
      alarm: 'works/press/a1',
    });
    expect(firstOutOf('not running')).toBeNull();
  });
});
