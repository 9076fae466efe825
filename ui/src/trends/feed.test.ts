import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { encodeFrame, encodeSeries } from '../../test/encode';
import type { ReadHistory } from '../contract/contract';
import { CallError } from '../host/host';
import { KIND, readFrame } from '../live/frame';
import { GOOD } from '../live/quality';
import { LiveTable } from '../live/table';
import type { Station } from '../station.svelte';
import { TrendFeed } from './feed.svelte';
import { live, type View } from './span';

const START = 1_800_000_000_000;
const MINUTE = 60_000;

/** What a feed sees of a station: a table, a clock, and a history that answers when it is told to. */
class Bench {
  readonly table = new LiveTable();
  readonly asked: ReadHistory[] = [];
  pulse = { alive: true, liveness: 'live', since: 0, now: () => Date.now() };
  answer: (request: ReadHistory) => Promise<ArrayBuffer> = (request) => Promise.resolve(this.series(request, 5));
  readonly host = {
    call: (_command: string, request: ReadHistory) => {
      this.asked.push(request);
      return this.answer(request);
    },
  };
  readonly feed = new TrendFeed(this as unknown as Station);

  constructor() {
    this.table.reset(4);
  }

  /** Samples ten seconds apart up to a minute before the end of what is asked. */
  series(request: ReadHistory, value: number): ArrayBuffer {
    const time = [6, 5, 4].map((tens) => request.to - tens * 10_000);
    return encodeSeries(
      request.tags.map((tag) => ({ tag, time, value: time.map(() => value), quality: time.map(() => GOOD) })),
    );
  }

  tell(tag: number, value: number, time: number): void {
    const row = { tag, value, time, quality: GOOD, kind: KIND.float, text: '' };
    const none = [0, 0, 0, 0];
    const header = {
      full: false,
      plantRevision: 1,
      alarmRevision: 1,
      journalRevision: 1,
      statusRevision: 1,
      revision: 1,
      ageMs: 0,
    };
    this.table.apply(readFrame(encodeFrame({ ...header, now: time, unacknowledged: none, active: none }, [row])));
  }

  values(tag: number): number[] {
    return [...this.feed.samples(tag).value];
  }
}

beforeEach(() => {
  vi.useFakeTimers({ now: START });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('a feed', () => {
  it('joins what the history answers and what came since', async () => {
    const bench = new Bench();
    bench.feed.show([1], live(15 * MINUTE), 800);
    bench.tell(1, 7, START + 10);
    await vi.advanceTimersByTimeAsync(1_000);
    bench.tell(1, 8, START + 900);
    expect(bench.values(1)).toEqual([5, 5, 5, 7, 8]);
    expect(bench.feed.loading).toBe(false);
  });

  it('asks once for many turns of the wheel', async () => {
    const bench = new Bench();
    for (let turn = 1; turn <= 20; turn += 1) {
      const view: View = { kind: 'still', from: START - (100 - turn) * MINUTE, to: START - 50 * MINUTE };
      bench.feed.show([1], view, 800);
      await vi.advanceTimersByTimeAsync(20);
    }
    await vi.advanceTimersByTimeAsync(1_000);
    expect(bench.asked).toHaveLength(1);
    // A little more than is seen, so that a short pan shows no empty edge.
    expect(bench.asked[0]?.from).toBeLessThan(START - 80 * MINUTE);
    expect(bench.asked[0]?.pixels).toBeGreaterThan(800);
  });

  it('does not tie the present to the past', async () => {
    const bench = new Bench();
    bench.feed.show([1], { kind: 'still', from: START - 200 * MINUTE, to: START - 100 * MINUTE }, 800);
    bench.tell(1, 7, START + 10);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(bench.values(1)).toEqual([5, 5, 5]);
  });

  it('keeps the last picture when the history fails, says so, and asks again', async () => {
    const bench = new Bench();
    bench.feed.show([1], live(15 * MINUTE), 800);
    await vi.advanceTimersByTimeAsync(1_000);
    bench.answer = () => Promise.reject(new CallError('storage', 'the disk is full'));
    bench.feed.show([1], live(60 * MINUTE), 800);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(bench.feed.failure?.message).toBe('the disk is full');
    expect(bench.values(1)).toEqual([5, 5, 5]);
    bench.answer = (request) => Promise.resolve(bench.series(request, 6));
    await vi.advanceTimersByTimeAsync(3_000);
    expect(bench.feed.failure).toBeNull();
    expect(bench.values(1)).toEqual([6, 6, 6]);
  });

  it('has one question on its way, and asks for the newest wish when it is answered', async () => {
    const bench = new Bench();
    const waiting: (() => void)[] = [];
    bench.answer = (request) =>
      new Promise((done) => {
        waiting.push(() => done(bench.series(request, request.tags.length)));
      });
    bench.feed.show([1], live(15 * MINUTE), 800);
    await vi.advanceTimersByTimeAsync(500);
    bench.feed.show([1, 2], live(15 * MINUTE), 800);
    await vi.advanceTimersByTimeAsync(500);
    bench.feed.show([1, 2, 3], live(15 * MINUTE), 800);
    await vi.advanceTimersByTimeAsync(500);
    expect(bench.asked).toHaveLength(1);
    waiting[0]?.();
    await vi.advanceTimersByTimeAsync(500);
    expect(bench.asked.map((each) => each.tags.length)).toEqual([1, 3]);
  });

  it('mends what frames missed while it follows the clock, and not while it stands still', async () => {
    const bench = new Bench();
    bench.feed.show([1], live(5 * MINUTE), 800);
    for (let second = 0; second < 40; second += 1) {
      await vi.advanceTimersByTimeAsync(1_000);
      bench.feed.tend();
    }
    expect(bench.asked).toHaveLength(3);
    bench.feed.show([1], { kind: 'still', from: START - 20 * MINUTE, to: START - 10 * MINUTE }, 800);
    for (let second = 0; second < 40; second += 1) {
      await vi.advanceTimersByTimeAsync(1_000);
      bench.feed.tend();
    }
    expect(bench.asked).toHaveLength(4);
  });

  it('knows nothing beyond the instant at which the engine fell silent', () => {
    const bench = new Bench();
    bench.pulse = { ...bench.pulse, alive: false, liveness: 'lost', since: START - 5_000 };
    expect(bench.feed.until()).toBe(START - 5_000);
  });

  it('watches nothing once it is stopped', () => {
    const bench = new Bench();
    bench.feed.show([1, 2], live(5 * MINUTE), 800);
    expect(bench.table.wanted).toEqual([1, 2]);
    bench.feed.stop();
    expect(bench.table.wanted).toEqual([]);
  });
});
