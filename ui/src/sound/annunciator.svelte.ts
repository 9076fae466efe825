import type { Host } from '../host/host';
import { words } from '../text/words.svelte';
import { Horn, type Heard, type Priority } from './horn';
import { soundSettings } from './sound-settings.svelte';
import { listsOutput, Speaker, type Audibility } from './speaker';
import { HORNS } from './tones';

/** How often it is looked whether the device still can be heard, milliseconds. */
const LOOK_MS = 2_000;
/** A burst is one message of the desktop: so long after one, there is no other, milliseconds. */
const MESSAGE_MS = 10_000;
/** What gives a page leave to make a sound. */
const GESTURES = ['pointerdown', 'keydown'] as const;

/** The station's horn: follows the alarms, repeats the horn of the most urgent until it is silenced or acknowledged. */
export class Annunciator {
  /** The priority whose horn is heard, or would be if there was a device; null for none. */
  sounding = $state<Priority | null>(null);
  /** How many alarms call and are not silenced here. */
  open = $state(0);
  audibility = $state<Audibility>('unknown');

  readonly #host: Host;
  readonly #horn = new Horn();
  readonly #speaker: Speaker;
  #hasDevice: boolean | null = null;
  #again: ReturnType<typeof setTimeout> | undefined;
  #messageAt = -Infinity;

  constructor(host: Host, speaker = new Speaker()) {
    this.#host = host;
    this.#speaker = speaker;
  }

  /** Begins to listen for what gives leave to sound, and to look after the device. The returned function ends it. */
  start(): () => void {
    const wake = (): void => {
      this.#speaker.wake();
      this.#look();
    };
    for (const each of GESTURES) addEventListener(each, wake, { capture: true, passive: true });
    const timer = setInterval(() => void this.#lookForDevice(), LOOK_MS);
    this.#speaker.wake();
    void this.#lookForDevice();
    return () => {
      for (const each of GESTURES) removeEventListener(each, wake, { capture: true });
      clearInterval(timer);
      clearTimeout(this.#again);
      this.#speaker.close();
    };
  }

  /** Takes the alarms as they stand now. */
  follow(alarms: readonly Heard[]): void {
    const fresh = this.#horn.follow(alarms);
    this.#settle();
    if (fresh.length > 0) this.#announce(fresh);
  }

  /** Ends the horn at this station. No alarm changes, and the next one sounds again. */
  silence(): void {
    this.#horn.silence();
    this.#settle();
  }

  /** Takes changed settings over. */
  retune(): void {
    this.#settle();
  }

  /** Lets a horn be heard once, for whoever sets the volume. */
  test(priority: Priority): void {
    this.#speaker.play(HORNS[priority], soundSettings.volume);
    this.#look();
  }

  #settle(): void {
    this.open = this.#horn.open;
    const priority = this.#horn.priority((each) => soundSettings.isOn(each));
    if (priority === this.sounding) return;
    const before = this.sounding;
    this.sounding = priority;
    if (priority === null) {
      clearTimeout(this.#again);
      this.#again = undefined;
      this.#speaker.stop();
    } else if (before === null || priority < before) {
      // What is more urgent does not wait for the end of a period; what is less urgent follows it.
      this.#repeat();
    }
  }

  #repeat(): void {
    clearTimeout(this.#again);
    this.#again = undefined;
    if (this.sounding === null) return;
    const pattern = HORNS[this.sounding];
    this.#speaker.play(pattern, soundSettings.volume);
    this.#look();
    this.#again = setTimeout(() => this.#repeat(), pattern.period * 1_000);
  }

  async #lookForDevice(): Promise<void> {
    this.#hasDevice = (await this.#host.hasSound()) ?? (await listsOutput());
    this.#look();
  }

  #look(): void {
    this.audibility = this.#hasDevice === false ? 'absent' : this.#speaker.audibility();
  }

  #announce(fresh: readonly Heard[]): void {
    if (!soundSettings.desktop || document.hasFocus()) return;
    const now = performance.now();
    if (now - this.#messageAt < MESSAGE_MS) return;
    this.#messageAt = now;
    const [first] = fresh.toSorted((a, b) => a.priority - b.priority || b.raisedAt - a.raisedAt);
    if (first === undefined) return;
    const t = words.t.sound;
    void this.#host.announce(
      t.message(first.priority, first.message),
      fresh.length > 1 ? t.more(fresh.length - 1) : '',
    );
  }
}
