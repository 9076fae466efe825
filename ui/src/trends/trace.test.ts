import { describe, expect, it } from 'vitest';

import { GOOD, STALE } from '../live/quality';
import type { Samples } from './samples';
import { Trace } from './trace';

function samples(...rows: [time: number, value: number, quality?: number][]): Samples {
  return {
    time: Float64Array.from(rows, (row) => row[0]),
    value: Float64Array.from(rows, (row) => row[1]),
    quality: Uint32Array.from(rows, (row) => row[2] ?? GOOD),
  };
}

function told(trace: Trace): [number, number, number][] {
  const { time, value, quality } = trace.samples();
  return Array.from(time, (each, i) => [each, value[i] ?? NaN, quality[i] ?? -1]);
}

describe('a trace', () => {
  it('joins history and live values without a seam and without a sample twice', () => {
    const trace = new Trace();
    trace.observe(30, 3, GOOD, 30);
    trace.observe(40, 4, GOOD, 40);
    trace.settle(samples([10, 1], [20, 2], [30, 3]), true);
    trace.observe(50, 5, GOOD, 50);
    expect(told(trace)).toEqual([
      [10, 1, GOOD],
      [20, 2, GOOD],
      [30, 3, GOOD],
      [40, 4, GOOD],
      [50, 5, GOOD],
    ]);
  });

  it('does not tie the present to a stretch of the past', () => {
    const trace = new Trace();
    trace.observe(1_000, 3, GOOD, 1_000);
    trace.settle(samples([10, 1], [20, 2]), false);
    expect(told(trace)).toEqual([
      [10, 1, GOOD],
      [20, 2, GOOD],
    ]);
  });

  it('is its live values alone where nothing is recorded', () => {
    const trace = new Trace();
    trace.observe(10, 1, GOOD, 10);
    trace.settle(samples(), true);
    expect(told(trace)).toEqual([[10, 1, GOOD]]);
  });

  it('takes a frame that tells the same again as nothing new', () => {
    const trace = new Trace();
    trace.observe(10, 1, GOOD, 10);
    const { revision } = trace;
    trace.observe(10, 1, GOOD, 20);
    expect(trace.revision).toBe(revision);
    expect(told(trace)).toHaveLength(1);
  });

  it('marks the moment at which a value that did not move turned stale', () => {
    const trace = new Trace();
    trace.observe(10, 1, GOOD, 10);
    trace.observe(10, 1, STALE, 900);
    expect(told(trace)).toEqual([
      [10, 1, GOOD],
      [900, 1, STALE],
    ]);
  });

  it('knows a value from the history when a frame tells it once more', () => {
    const trace = new Trace();
    trace.settle(samples([10, 1]), true);
    trace.observe(10, 1, GOOD, 20);
    expect(told(trace)).toEqual([[10, 1, GOOD]]);
  });

  it('stays bounded and in order, and keeps its extremes, however long the history does not answer', () => {
    const trace = new Trace();
    for (let i = 0; i < 200_000; i += 1) trace.observe(i, i === 100_001 ? 999 : Math.sin(i), GOOD, i);
    const { time, value } = trace.samples();
    expect(time.length).toBeLessThan(20_000);
    expect(Math.max(...value)).toBe(999);
    expect(time.every((each, i) => i === 0 || each > (time[i - 1] ?? 0))).toBe(true);
    expect(time.at(-1)).toBe(199_999);
  });

  it('stays bounded when every value breaks the line', () => {
    const trace = new Trace();
    for (let i = 0; i < 100_000; i += 1) trace.observe(i, 1, i % 2 === 0 ? GOOD : STALE, i);
    const { time } = trace.samples();
    expect(time.length).toBeLessThan(20_000);
    expect(time.at(-1)).toBe(99_999);
  });
});
