import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { FakeHost } from '../../test/fake-host';
import { Annunciator } from './annunciator.svelte';
import type { Heard, Priority } from './horn';
import { soundSettings } from './sound-settings.svelte';
import { Speaker, type Audibility } from './speaker';
import { HORNS, type Pattern } from './tones';

/** A device that only remembers what it was told. */
class Remembering extends Speaker {
  readonly played: Pattern[] = [];
  is: Audibility = 'ready';
  stopped = 0;

  override audibility(): Audibility {
    return this.is;
  }

  override wake(): void {
    if (this.is === 'blocked') this.is = 'ready';
  }

  override play(pattern: Pattern): void {
    this.played.push(pattern);
  }

  override stop(): void {
    this.stopped += 1;
  }

  override close(): void {
    this.stop();
  }
}

function alarm(name: string, priority: Priority, state: Heard['state'] = 'unack'): Heard {
  return { occurrence: `${name}@1`, priority, state, raisedAt: 1, message: name };
}

describe('the annunciator', () => {
  let speaker: Remembering;
  let host: FakeHost;
  let horn: Annunciator;

  beforeEach(() => {
    vi.useFakeTimers();
    speaker = new Remembering();
    host = new FakeHost();
    horn = new Annunciator(host, speaker);
  });

  afterEach(() => {
    horn.follow([]);
    soundSettings.desktop = false;
    for (const priority of [1, 2, 3, 4] as const) soundSettings.turn(priority, true);
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  it('repeats the horn until it is silenced, and begins again with the next alarm', () => {
    horn.follow([alarm('a', 2)]);
    vi.advanceTimersByTime(3 * HORNS[2].period * 1_000);
    expect(speaker.played).toEqual(Array(4).fill(HORNS[2]));
    horn.silence();
    expect(horn.sounding).toBeNull();
    vi.advanceTimersByTime(60_000);
    expect(speaker.played).toHaveLength(4);
    expect(speaker.stopped).toBe(1);
    horn.follow([alarm('a', 2), alarm('b', 3)]);
    expect(speaker.played.at(-1)).toBe(HORNS[3]);
  });

  it('ends with the acknowledgement', () => {
    horn.follow([alarm('a', 1)]);
    horn.follow([alarm('a', 1, 'acked')]);
    vi.advanceTimersByTime(60_000);
    expect(speaker.played).toHaveLength(1);
  });

  it('makes one sound of a burst, and lets the more urgent one cut in', () => {
    horn.follow([alarm('a', 3)]);
    for (let at = 0; at < 500; at += 1) horn.follow([alarm('a', 3), alarm(`b${at}`, 3), alarm('c', 4)]);
    expect(speaker.played).toEqual([HORNS[3]]);
    horn.follow([alarm('a', 3), alarm('d', 1)]);
    expect(speaker.played).toEqual([HORNS[3], HORNS[1]]);
    horn.follow([alarm('a', 3), alarm('d', 1, 'acked')]);
    expect(speaker.played, 'what is less urgent waits for the end of the period').toHaveLength(2);
    vi.advanceTimersByTime(HORNS[1].period * 1_000);
    expect(speaker.played).toEqual([HORNS[3], HORNS[1], HORNS[3]]);
  });

  it('has no horn for a priority that is switched off here, and has it again once it is on', () => {
    soundSettings.turn(2, false);
    horn.follow([alarm('a', 2)]);
    expect(horn.sounding).toBeNull();
    soundSettings.turn(2, true);
    horn.retune();
    expect(horn.sounding).toBe(2);
  });

  it('says that the machine has no sound, and that the browser waits for a key', async () => {
    speaker.is = 'blocked';
    vi.spyOn(speaker, 'wake').mockImplementationOnce(() => undefined);
    const stop = horn.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(horn.audibility).toBe('blocked');
    dispatchEvent(new KeyboardEvent('keydown', { key: 'x' }));
    expect(horn.audibility).toBe('ready');
    host.sound = false;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(horn.audibility).toBe('absent');
    stop();
  });

  it('shows one message of the desktop for a burst, of the most urgent, and none while the page is in front', () => {
    soundSettings.desktop = true;
    const front = vi.spyOn(document, 'hasFocus').mockReturnValue(true);
    horn.follow([alarm('a', 3)]);
    expect(host.announced).toEqual([]);
    front.mockReturnValue(false);
    horn.follow([alarm('a', 3), alarm('b', 3), alarm('c', 1)]);
    horn.follow([alarm('a', 3), alarm('b', 3), alarm('c', 1), alarm('d', 2)]);
    expect(host.announced).toHaveLength(1);
    expect(host.announced[0]?.title).toContain('c');
    expect(host.announced[0]?.text).toContain('1');
  });
});
