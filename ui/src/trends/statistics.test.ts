import { describe, expect, it } from 'vitest';

import { GOOD, STALE } from '../live/quality';
import type { Samples } from './samples';
import { extent, readAt, statistics } from './statistics';

const BAD = 0x80000000;

function samples(...rows: [number, number, number?][]): Samples {
  return {
    time: Float64Array.from(rows, (row) => row[0]),
    value: Float64Array.from(rows, (row) => row[1]),
    quality: Uint32Array.from(rows, (row) => row[2] ?? GOOD),
  };
}

const SPAN = { from: 0, to: 100 };

describe('statistics', () => {
  it('weigh a value by how long it stood', () => {
    const found = statistics(samples([0, 0], [90, 10]), SPAN, 100, 'step');
    expect(found).toEqual({ least: 0, greatest: 10, mean: 1, goodShare: 1 });
  });

  it('follow the line where it glides', () => {
    expect(statistics(samples([0, 0], [100, 10]), SPAN, 100, 'line')).toMatchObject({
      least: 0,
      greatest: 10,
      mean: 5,
    });
  });

  it('hold a number through a long silence', () => {
    const minute = { from: 0, to: 60_000 };
    const found = statistics(samples([0, 0], [60_000, 60]), minute, 60_000, 'line');
    expect(found).toEqual({ least: 0, greatest: 60, mean: 1, goodShare: 1 });
    expect(readAt(samples([0, 0], [60_000, 60]), 59_000, 60_000, 'line')).toEqual({ value: 30, trust: 'good' });
  });

  it('begin with the value that stood before the stretch', () => {
    const found = statistics(samples([-100, 4], [50, 8]), SPAN, 100, 'step');
    expect(found).toEqual({ least: 4, greatest: 8, mean: 6, goodShare: 1 });
    expect(statistics(samples([-100, 0], [100, 10]), SPAN, 100, 'line')).toMatchObject({
      least: 5,
      greatest: 10,
      mean: 7.5,
    });
  });

  it('leave out what was not good, and say how much was', () => {
    const found = statistics(samples([0, 2], [25, 900, BAD], [50, 900, STALE], [75, 4]), SPAN, 100, 'step');
    expect(found).toEqual({ least: 2, greatest: 4, mean: 3, goodShare: 0.5 });
    expect(statistics(samples([0, 2, BAD]), SPAN, 100, 'step')).toBeNull();
  });

  it('count nothing after the last instant that is known', () => {
    expect(statistics(samples([0, 2]), SPAN, 40, 'step')).toMatchObject({ mean: 2, goodShare: 0.4 });
  });

  it('agree with a fine sum', () => {
    const rows = Array.from({ length: 50 }, (_, i) => [i * 2, Math.sin(i) * 7] as [number, number]);
    const line = samples(...rows);
    let sum = 0;
    for (let time = 0.005; time < 98; time += 0.01) sum += readAt(line, time, 98, 'line')?.value ?? NaN;
    expect(statistics(line, { from: 0, to: 98 }, 98, 'line')?.mean).toBeCloseTo(sum / 9_800, 6);
  });
});

describe('a reading', () => {
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
