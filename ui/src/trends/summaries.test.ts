import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { HistorySummary, ReadSummary } from '../contract/contract';
import { CallError } from '../host/host';
import { GOOD } from '../live/quality';
import type { Station } from '../station.svelte';
import { live, type View } from './span';
import { Summaries, viewOfStatistics } from './summaries.svelte';

const START = 1_800_000_000_000;
const MINUTE = 60_000;

/** What summaries see of a station: a clock, and a history that answers when it is told to. */
class Bench {
  readonly asked: ReadSummary[] = [];
  readonly pulse = { now: () => Date.now() };
  answer: (request: ReadSummary) => Promise<HistorySummary> = (request) => Promise.resolve(told(request, 5));
  readonly host = {
    call: (_command: string, request: ReadSummary) => {
      this.asked.push(request);
      return this.answer(request);
    },
  };
  readonly summaries = new Summaries(this as unknown as Station);

  mean(tag: number): number | null | undefined {
    return this.summaries.of(tag)?.mean;
  }
}

/** An answer in which every tag has the same mean. */
function told({ tags, from, to }: ReadSummary, mean: number): HistorySummary {
  const interval = {
    from,
    to,
    count: 3,
    mean,
    least: { value: mean - 1, time: from },
    greatest: { value: mean + 1, time: null },
    first: mean,
    last: mean,
    percentGood: 50,
    quality: GOOD,
  };
  return { from, to, tags: tags.map((tag) => ({ tag, intervals: [interval], states: null, increase: null })) };
}

/** The stretch that ended so many minutes ago, a minute long. */
function ago(minutes: number): View {
  return { kind: 'still', from: START - (minutes + 1) * MINUTE, to: START - minutes * MINUTE };
}

beforeEach(() => {
  vi.useFakeTimers({ now: START });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('summaries', () => {
  it('tell what the engine says of the stretch that is looked at', async () => {
    const bench = new Bench();
    bench.summaries.show([1, 2], ago(10));
    expect(bench.summaries.of(1), 'nothing is told before the answer').toBeUndefined();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(bench.asked).toEqual([
      {
        tags: [1, 2],
        from: START - 11 * MINUTE,
        to: START - 10 * MINUTE,
        intervals: 1,
        with: [],
        counterEnd: null,
      },
    ]);
    expect(bench.summaries.of(2)).toEqual({
      least: 4,
      greatest: 6,
      leastAt: START - 11 * MINUTE,
      greatestAt: null,
      mean: 5,
      goodShare: 0.5,
    });
    expect(bench.summaries.span).toEqual({ from: START - 11 * MINUTE, to: START - 10 * MINUTE });
  });

  it('ask once for a long pan, and tell nothing of what is looked at no more', async () => {
    const bench = new Bench();
    bench.summaries.show([1], ago(100));
    await vi.advanceTimersByTimeAsync(1_000);
    for (let minutes = 99; minutes >= 50; minutes -= 1) {
      bench.summaries.show([1], ago(minutes));
      expect(bench.summaries.of(1), 'the numbers of another stretch are not shown').toBeUndefined();
      await vi.advanceTimersByTimeAsync(20);
    }
    await vi.advanceTimersByTimeAsync(1_000);
    expect(bench.asked.map((request) => request.to)).toEqual([START - 100 * MINUTE, START - 50 * MINUTE]);
    expect(bench.mean(1)).toBe(5);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(bench.asked, 'the past does not change').toHaveLength(2);
  });

  it('take the newest answer and drop an older one that comes late', async () => {
    const bench = new Bench();
    const answers: ((mean: number) => void)[] = [];
    bench.answer = (request) =>
      new Promise((resolve) => {
        answers.push((mean) => resolve(told(request, mean)));
      });
    bench.summaries.show([1], ago(20));
    await vi.advanceTimersByTimeAsync(500);
    bench.summaries.show([1], ago(10));
    await vi.advanceTimersByTimeAsync(500);
    expect(bench.asked, 'one question at a time').toHaveLength(1);
    answers[0]?.(1);
    await vi.advanceTimersByTimeAsync(500);
    expect(bench.mean(1), 'that was for another stretch').toBeUndefined();
    expect(bench.asked.map((request) => request.to)).toEqual([START - 20 * MINUTE, START - 10 * MINUTE]);
    answers[1]?.(2);
    await vi.advanceTimersByTimeAsync(0);
    expect(bench.mean(1)).toBe(2);
  });

  it('follow the clock without asking all the time', async () => {
    const bench = new Bench();
    bench.summaries.show([1], live(15 * MINUTE));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(bench.asked.length).toBeGreaterThanOrEqual(9);
    expect(bench.asked.length).toBeLessThanOrEqual(11);
    expect(bench.asked.at(-1)?.to, 'up to now').toBeGreaterThan(START + 8_000);
    bench.answer = () => new Promise(() => undefined);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(bench.mean(1), 'what was told stays until the next answer').toBe(5);
    const asked = bench.asked.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(bench.asked, 'an engine that does not answer is not asked again').toHaveLength(asked);
  });

  it('ask again for a stretch whose newest values may not be in history yet', async () => {
    const bench = new Bench();
    bench.summaries.show([1], { kind: 'still', from: START - MINUTE, to: START });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(bench.asked).toHaveLength(2);
  });

  it('keep the numbers of the other pens when one is added', async () => {
    const bench = new Bench();
    bench.summaries.show([1], ago(10));
    await vi.advanceTimersByTimeAsync(1_000);
    bench.summaries.show([1, 2], ago(10));
    expect([bench.mean(1), bench.mean(2)]).toEqual([5, undefined]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect([bench.mean(1), bench.mean(2)]).toEqual([5, 5]);
  });

  it('say of a tag without a good value, or without history, that there is none', async () => {
    const bench = new Bench();
    bench.answer = (request) => {
      const answer = told(request, 5);
      const [first] = answer.tags;
      const nothing = first?.intervals.map((each) => ({ ...each, mean: null, least: null, greatest: null })) ?? [];
      return Promise.resolve({ ...answer, tags: [{ tag: 1, intervals: nothing, states: null, increase: null }] });
    };
    bench.summaries.show([1, 2], ago(10));
    await vi.advanceTimersByTimeAsync(1_000);
    expect([bench.summaries.of(1), bench.summaries.of(2)]).toEqual([null, null]);
  });

  it('try again after a failure, and not once it is over', async () => {
    const bench = new Bench();
    bench.answer = () => Promise.reject(new CallError('storage', 'The disk is full.', 'F1'));
    bench.summaries.show([1], ago(10));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(bench.asked.length).toBe(3);
    expect(bench.summaries.of(1)).toBeUndefined();
    bench.answer = (request) => Promise.resolve(told(request, 7));
    await vi.advanceTimersByTimeAsync(2_000);
    expect(bench.mean(1)).toBe(7);
    bench.summaries.show([1], ago(5));
    bench.summaries.stop();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(bench.asked.length).toBe(4);
  });
});

it('statistics are over what is seen, or between the two cursors', () => {
  expect(viewOfStatistics(live(MINUTE), null, START)).toEqual(live(MINUTE));
  expect(viewOfStatistics(live(MINUTE), START, START)).toEqual(live(MINUTE));
  expect(viewOfStatistics(live(MINUTE), START, START - 5_000)).toEqual({
    kind: 'still',
    from: START - 5_000,
    to: START,
  });
});
