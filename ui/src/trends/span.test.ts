import { describe, expect, it } from 'vitest';

import { between, lengthOf, live, moved, sameView, settled, spanOf, still, zoomed } from './span';

const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;

describe('a view', () => {
  it('follows the clock while it is live', () => {
    expect(spanOf(live(HOUR), NOW)).toEqual({ from: NOW - HOUR, to: NOW });
    expect(spanOf(live(HOUR), NOW + 5)).toEqual({ from: NOW - HOUR + 5, to: NOW + 5 });
  });

  it('stands still once it is moved into the past', () => {
    const view = settled(moved(spanOf(live(HOUR), NOW), -0.5), NOW);
    expect(view).toEqual({ kind: 'still', from: NOW - 1.5 * HOUR, to: NOW - 0.5 * HOUR });
    expect(spanOf(view, NOW + 10 * HOUR)).toEqual({ from: NOW - 1.5 * HOUR, to: NOW - 0.5 * HOUR });
  });

  it('follows again when it is moved up to now, and never beyond', () => {
    expect(settled({ from: NOW - 10, to: NOW + HOUR }, NOW)).toEqual(live(HOUR + 10));
  });

  it('stays still up to now, and no further', () => {
    expect(still({ from: NOW - 10, to: NOW + 99_990 }, NOW)).toEqual({ kind: 'still', from: NOW - 100_000, to: NOW });
    expect(still({ from: 1_000, to: 61_000 }, NOW)).toEqual({ kind: 'still', from: 1_000, to: 61_000 });
  });

  it('is never shorter than two seconds nor longer than a leap year', () => {
    expect(lengthOf(spanOf(settled({ from: NOW - HOUR, to: NOW - HOUR + 1 }, NOW), NOW))).toBe(2_000);
    expect(live(Number.MAX_SAFE_INTEGER)).toEqual(live(366 * 24 * HOUR));
  });
});

describe('zoom', () => {
  const span = { from: NOW - 100_000, to: NOW };

  it.each([0, 0.25, 1])('keeps the instant under the pointer in its place (%f)', (share) => {
    const at = span.from + share * 100_000;
    const next = zoomed(span, at, 0.5);
    expect(lengthOf(next)).toBe(50_000);
    expect((at - next.from) / lengthOf(next)).toBeCloseTo(share, 9);
  });

  it('in and out again changes nothing', () => {
    const there = zoomed(span, NOW - 30_000, 0.8);
    expect(zoomed(there, NOW - 30_000, 1.25)).toEqual(span);
  });
});

it('takes two instants in either order', () => {
  expect(between(5, 2)).toEqual({ from: 2, to: 5 });
});

it('knows views that show the same', () => {
  expect(sameView(live(HOUR), live(HOUR))).toBe(true);
  expect(sameView(live(HOUR), { kind: 'still', from: 0, to: HOUR })).toBe(false);
  expect(sameView({ kind: 'still', from: 0, to: 1 }, { kind: 'still', from: 0, to: 1 })).toBe(true);
});
