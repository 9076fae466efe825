import { describe, expect, it, vi } from 'vitest';

import { encodeFrame, type Row } from '../../test/encode';
import { KIND, readFrame } from './frame';
import { WAITING } from './quality';
import { LiveTable } from './table';

function frame(...rows: Partial<Row>[]) {
  const header = {
    plantRevision: 1,
    alarmRevision: 1,
    journalRevision: 1,
    statusRevision: 1,
    revision: 1,
    now: 1,
    ageMs: 0,
    full: false,
  };
  const whole = { tag: 0, kind: KIND.float, value: 0, text: '', time: 1_000, quality: 0 };
  return readFrame(
    encodeFrame(
      { ...header, unacknowledged: [0, 0, 0, 0], active: [0, 0, 0, 0] },
      rows.map((row) => ({ ...whole, ...row })),
    ),
  );
}

function table(slots = 10): LiveTable {
  const made = new LiveTable();
  made.reset(slots);
  made.takeGrown();
  return made;
}

describe('the live table', () => {
  it('asks for what is watched and for nothing else', () => {
    const live = table();
    const first = live.watch(7, vi.fn());
    const second = live.watch(3, vi.fn());
    const again = live.watch(3, vi.fn());
    expect(live.wanted).toEqual([3, 7]);
    second();
    expect(live.wanted).toEqual([3, 7]);
    again();
    first();
    expect(live.wanted).toEqual([]);
  });

  it('asks for every row once after a tag was added, and only then', () => {
    const live = table();
    live.watch(1, vi.fn());
    expect(live.takeGrown()).toBe(true);
    expect(live.takeGrown()).toBe(false);
    live.watch(1, vi.fn())();
    expect(live.takeGrown()).toBe(false);
  });

  it('tells the watchers of the rows that came, and no others', () => {
    const live = table();
    const [seven, three] = [vi.fn(), vi.fn()];
    live.watch(7, seven);
    live.watch(3, three);
    live.apply(frame({ tag: 7, value: 21.5 }));
    expect(live.value(7)).toBe(21.5);
    expect(seven).toHaveBeenCalledOnce();
    expect(three).not.toHaveBeenCalled();
  });

  it('does not show again what it knew before a tag was watched anew', () => {
    const live = table();
    live.watch(7, vi.fn())();
    live.watch(7, vi.fn())();
    live.watch(7, vi.fn());
    live.apply(frame({ tag: 7, value: 1 }));
    live.watch(7, vi.fn());
    expect(live.value(7)).toBe(1);
    const other = table();
    const stop = other.watch(7, vi.fn());
    other.apply(frame({ tag: 7, value: 1 }));
    stop();
    other.watch(7, vi.fn());
    expect(other.value(7)).toBeNaN();
    expect(other.quality(7)).toBe(WAITING);
  });

  it('forgets a text when a number comes', () => {
    const live = table();
    live.watch(2, vi.fn());
    live.apply(frame({ tag: 2, kind: KIND.text, text: 'Held', value: NaN }));
    expect(live.text(2)).toBe('Held');
    live.apply(frame({ tag: 2, value: 4 }));
    expect(live.read(2)).toEqual({ kind: KIND.float, value: 4, text: '', quality: 0, time: 1_000 });
  });

  it('passes over rows of tags it has no room for', () => {
    const live = table(2);
    live.apply(frame({ tag: 4_000_000, value: 1 }));
    expect(live.value(4_000_000)).toBeNaN();
  });

  it('forgets everything with another plant, and tells who watches', () => {
    const live = table();
    const tell = vi.fn();
    live.watch(1, tell);
    live.apply(frame({ tag: 1, value: 1 }));
    live.reset(5);
    expect(live.value(1)).toBeNaN();
    expect(tell).toHaveBeenCalledTimes(2);
    expect(live.takeGrown()).toBe(true);
  });
});
