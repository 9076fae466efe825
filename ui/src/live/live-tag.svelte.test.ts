import { flushSync } from 'svelte';
import { describe, expect, it, vi } from 'vitest';

import { encodeFrame } from '../../test/encode';
import { FakeHost } from '../../test/fake-host';
import { tagView } from '../../test/fake-plant';
import { KIND, readFrame } from './frame';
import { LiveTag } from './live-tag.svelte';
import { Pulse } from './pulse.svelte';
import { STALE, WAITING } from './quality';
import { LiveTable } from './table';

function frame(value: number, quality = 0) {
  return readFrame(
    encodeFrame(
      {
        full: false,
        plantRevision: 1,
        alarmRevision: 1,
        journalRevision: 1,
        statusRevision: 1,
        revision: 2,
        now: 5,
        ageMs: 0,
        unacknowledged: [0, 0, 0, 0],
        active: [0, 0, 0, 0],
      },
      [{ tag: 0, kind: KIND.float, value, text: '', time: 4, quality }],
    ),
  );
}

function made() {
  const table = new LiveTable();
  table.reset(1);
  const pulse = new Pulse(new FakeHost(), table);
  pulse.liveness = 'live';
  return { table, pulse, tag: new LiveTag(tagView(0, 'a/b'), table, pulse) };
}

describe('a live tag', () => {
  it('is pulled while an effect reads it, and only then', async () => {
    const { table, tag } = made();
    const seen = vi.fn();
    const stop = $effect.root(() => {
      $effect(() => seen(tag.value));
    });
    flushSync();
    expect(table.wanted).toEqual([0]);
    table.apply(frame(21.5));
    flushSync();
    expect(seen).toHaveBeenLastCalledWith(21.5);
    stop();
    await Promise.resolve();
    expect(table.wanted).toEqual([]);
  });

  it('turns stale with the screen, and is itself again with the next frame', () => {
    const { table, pulse, tag } = made();
    const seen: string[] = [];
    const stop = $effect.root(() => {
      $effect(() => {
        seen.push(tag.severity);
      });
    });
    flushSync();
    table.apply(frame(1));
    flushSync();
    pulse.liveness = 'lost';
    flushSync();
    expect(tag.quality).toBe(STALE);
    pulse.liveness = 'live';
    flushSync();
    expect(seen).toEqual(['bad', 'good', 'stale', 'good']);
    stop();
  });

  it('stays bad while the screen is lost: stale would be the better word', () => {
    const { table, pulse, tag } = made();
    const stop = $effect.root(() => {
      $effect(() => void tag.quality);
    });
    flushSync();
    expect(tag.quality).toBe(WAITING);
    table.apply(frame(1, 0x808c0000));
    pulse.liveness = 'stalled';
    expect(tag.severity).toBe('bad');
    stop();
  });
});
