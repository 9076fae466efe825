import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { FakeHost } from '../../test/fake-host';
import { CallError } from '../host/host';
import { Pulse } from './pulse.svelte';
import { LiveTable } from './table';

describe('the pulse', () => {
  let host: FakeHost;
  let table: LiveTable;
  let pulse: Pulse;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date'] });
    host = new FakeHost();
    table = new LiveTable();
    table.reset(host.plant.tags.length);
    pulse = new Pulse(host, table);
    pulse.use(host.plant.revision);
  });

  afterEach(() => {
    pulse.stop();
    vi.useRealTimers();
  });

  it('brings values of what is watched', async () => {
    host.set(3, 71.2);
    table.watch(3, vi.fn());
    pulse.start();
    await vi.advanceTimersByTimeAsync(150);
    expect(table.value(3)).toBe(71.2);
    expect(pulse.liveness).toBe('live');
    expect(host.lastFrame?.tags).toEqual([3]);
  });

  it('asks only for what changed, and for everything once a tag is added', async () => {
    table.watch(3, vi.fn());
    pulse.start();
    await vi.advanceTimersByTimeAsync(250);
    expect(host.lastFrame?.since).toBeGreaterThan(0);
    const asked = vi.spyOn(host, 'frame');
    table.watch(4, vi.fn());
    await vi.advanceTimersByTimeAsync(250);
    expect(asked.mock.calls.map(([request]) => request.since > 0)).toEqual(
      [false, true, true].slice(0, asked.mock.calls.length),
    );
  });

  it('has never more than one pull on its way', async () => {
    let inFlight = 0;
    let most = 0;
    const frame = host.frame.bind(host);
    vi.spyOn(host, 'frame').mockImplementation(async (request) => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      await new Promise((resolve) => setTimeout(resolve, 700));
      inFlight -= 1;
      return frame(request);
    });
    pulse.start();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(most).toBe(1);
    expect(pulse.liveness).toBe('live');
  });

  it('is lost after two seconds without a frame, and live again with the next', async () => {
    pulse.start();
    await vi.advanceTimersByTimeAsync(300);
    host.failure = new CallError('unavailable', 'connection refused');
    await vi.advanceTimersByTimeAsync(1_500);
    expect(pulse.liveness).toBe('live');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(pulse.liveness).toBe('lost');
    expect(pulse.reason).toBe('connection refused');
    host.failure = null;
    await vi.advanceTimersByTimeAsync(300);
    expect(pulse.liveness).toBe('live');
    expect(pulse.since).toBe(0);
  });

  it('asks for every row again after a pull failed', async () => {
    pulse.start();
    await vi.advanceTimersByTimeAsync(300);
    host.failure = new CallError('unavailable', '');
    await vi.advanceTimersByTimeAsync(200);
    host.failure = null;
    const asked = vi.spyOn(host, 'frame');
    await vi.advanceTimersByTimeAsync(100);
    expect(asked.mock.calls[0]?.[0].since).toBe(0);
  });

  it('is lost when the host never answers', async () => {
    pulse.start();
    await vi.advanceTimersByTimeAsync(300);
    vi.spyOn(host, 'frame').mockImplementation(() => new Promise<ArrayBuffer>(() => undefined));
    await vi.advanceTimersByTimeAsync(2_500);
    expect(pulse.liveness).toBe('lost');
  });

  it('tells an engine that stands still from one that is gone', async () => {
    pulse.start();
    await vi.advanceTimersByTimeAsync(300);
    host.ageMs = 2_600;
    await vi.advanceTimersByTimeAsync(200);
    expect(pulse.liveness).toBe('stalled');
  });

  it('slows down while hundreds of values change, and hurries for what is newly shown', async () => {
    host = new FakeHost(40);
    table.reset(host.plant.tags.length);
    pulse = new Pulse(host, table);
    pulse.use(host.plant.revision);
    host.plant.tags.forEach((tag) => table.watch(tag.index, vi.fn()));
    const busy = setInterval(() => host.plant.tags.forEach((tag) => host.set(tag.index, Math.random())), 20);
    pulse.start();
    await vi.advanceTimersByTimeAsync(1_000);
    const asked = vi.spyOn(host, 'frame');
    await vi.advanceTimersByTimeAsync(2_000);
    expect(asked.mock.calls.length).toBe(4);
    clearInterval(busy);
    await vi.advanceTimersByTimeAsync(1_000);
    host.plant.tags.forEach((tag) => host.set(tag.index, 1));
    await vi.advanceTimersByTimeAsync(110);
    const before = asked.mock.calls.length;
    table.watch(100_000, vi.fn());
    await vi.advanceTimersByTimeAsync(110);
    expect(asked.mock.calls.length).toBeGreaterThan(before);
  });

  it('takes no rows of another plant', async () => {
    host.set(3, 1);
    table.watch(3, vi.fn());
    pulse.use(99);
    pulse.start();
    await vi.advanceTimersByTimeAsync(300);
    expect(table.value(3)).toBeNaN();
    expect(pulse.plantRevision).toBe(1);
  });
});
