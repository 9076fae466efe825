import { describe, expect, it } from 'vitest';

import { GOOD, STALE } from '../live/quality';
import type { Samples } from './samples';
import { extent, readAt } from './reading';

const BAD = 0x80000000;

function samples(...rows: [number, number, number?][]): Samples {
  return {
    time: Float64Array.from(rows, (row) => row[0]),
    value: Float64Array.from(rows, (row) => row[1]),
    quality: Uint32Array.from(rows, (row) => row[2] ?? GOOD),
  };
}

const SPAN = { from: 0, to: 100 };

describe('a reading', () => {
  it('holds a number through a long silence, and glides at its end', () => {
    const silence = samples([0, 0], [60_000, 60]);
    expect(readAt(silence, 30_000, 60_000, 'line')).toEqual({ value: 0, trust: 'good' });
    expect(readAt(silence, 59_000, 60_000, 'line')).toEqual({ value: 30, trust: 'good' });
  });

  it('is the line as it is drawn', () => {
    const line = samples([0, 0], [10, 10], [20, 10, BAD]);
    expect(readAt(line, 5, 100, 'line')).toEqual({ value: 5, trust: 'good' });
    expect(readAt(line, 5, 100, 'step')).toEqual({ value: 0, trust: 'good' });
    expect(readAt(line, 15, 100, 'line')).toEqual({ value: 10, trust: 'good' });
    expect(readAt(line, 25, 100, 'line')).toEqual({ value: NaN, trust: 'none' });
    expect(readAt(line, -1, 100, 'line')).toBeNull();
  });

  it('ends where knowledge ends', () => {
    expect(readAt(samples([0, 1]), 50, 40, 'line')).toBeNull();
  });
});

it('an extent covers what is drawn, the value before the stretch included', () => {
  expect(extent(samples([-5, 9], [10, 1], [20, 50, BAD], [30, 4, STALE], [300, 99]), SPAN)).toEqual([1, 9]);
  expect(extent(samples([0, NaN]), SPAN)).toBeNull();
});
