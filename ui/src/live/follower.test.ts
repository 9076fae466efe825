import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { Follower } from './follower';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('reads once for a revision, and once more for what moved while it read', async () => {
  const reads: number[] = [];
  const follower = new Follower(async () => {
    reads.push(performance.now());
    await new Promise((resolve) => setTimeout(resolve, 10));
  });
  follower.follow(1);
  follower.follow(1);
  await vi.advanceTimersByTimeAsync(5);
  expect(reads).toHaveLength(1);
  follower.follow(2);
  follower.follow(3);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(reads).toHaveLength(2);
});

it('is not kept from reading by a flood, nor does it read more often than it may', async () => {
  let reads = 0;
  const follower = new Follower(() => Promise.resolve(void (reads += 1)), 300);
  for (let revision = 0; revision < 100; revision += 1) {
    follower.follow(revision);
    await vi.advanceTimersByTimeAsync(100);
  }
  // Ten seconds of ten a second.
  expect(reads).toBeGreaterThan(25);
  expect(reads).toBeLessThan(36);
});

it('tries again what failed, until it is stopped', async () => {
  let reads = 0;
  const follower = new Follower(() => {
    reads += 1;
    return Promise.reject(new Error('no engine'));
  });
  follower.follow(1);
  await vi.advanceTimersByTimeAsync(3_500);
  expect(reads).toBe(4);
  follower.stop();
  await vi.advanceTimersByTimeAsync(3_500);
  expect(reads).toBe(4);
});
