import { KIND, type Frame } from './frame';
import { GOOD, WAITING } from './quality';

/** One value as it stands. `time` is 0 where nothing has come yet. */
export interface Reading {
  kind: number;
  /** NaN where the value is not a number. */
  value: number;
  /** Empty unless the value is text, or an integer that a float cannot hold. */
  text: string;
  quality: number;
  /** Of the source, milliseconds since the epoch. */
  time: number;
}

/**
 * The newest value of every tag that is on the screen, as columns over the tags' numbers. It knows who watches which tag
 * and calls the watchers of the rows that changed; it knows nothing of Svelte, of time, or of where frames come from.
 *
 * Invariant: a tag that nobody watches is not asked for, and what was known of it is not shown when it is watched again
 * until a frame has brought it anew.
 */
export class LiveTable {
  #value = new Float64Array(0);
  #time = new Float64Array(0);
  #quality = new Uint32Array(0);
  #kind = new Uint8Array(0);
  #text = new Map<number, string>();
  readonly #watchers = new Map<number, Set<() => void>>();
  #wanted: number[] | null = null;
  #tellWanted: () => void = () => undefined;
  #grown = false;

  /** Makes room for a plant's tags and forgets every value. Watchers stay, and are told. */
  reset(slots: number): void {
    this.#value = new Float64Array(slots).fill(NaN);
    this.#time = new Float64Array(slots);
    this.#quality = new Uint32Array(slots).fill(WAITING);
    this.#kind = new Uint8Array(slots);
    this.#text.clear();
    this.#grown = true;
    for (const watchers of this.#watchers.values()) for (const tell of watchers) tell();
  }

  /** The tags that are watched, ascending. The same array until the set changes. */
  get wanted(): number[] {
    this.#wanted ??= [...this.#watchers.keys()].sort((a, b) => a - b);
    return this.#wanted;
  }

  /** Whether a tag has been added since the last call: then the next pull must ask for every row. */
  takeGrown(): boolean {
    const grown = this.#grown;
    this.#grown = false;
    return grown;
  }

  /** Calls `tell` whenever a tag is added to those that are watched. */
  onWanted(tell: () => void): void {
    this.#tellWanted = tell;
  }

  /** Calls `tell` whenever the tag's row changes, until the returned function is called. */
  watch(tag: number, tell: () => void): () => void {
    let watchers = this.#watchers.get(tag);
    if (watchers === undefined) {
      watchers = new Set();
      this.#watchers.set(tag, watchers);
      this.#wanted = null;
      this.#grown = true;
      this.#forget(tag);
      this.#tellWanted();
    }
    watchers.add(tell);
    return () => {
      watchers.delete(tell);
      if (watchers.size > 0 || this.#watchers.get(tag) !== watchers) return;
      this.#watchers.delete(tag);
      this.#wanted = null;
    };
  }

  /** Takes a frame's rows in and tells the watchers of each. */
  apply(frame: Frame): void {
    for (let row = 0; row < frame.rows; row += 1) {
      const tag = frame.tag[row] ?? 0;
      if (tag >= this.#value.length) continue;
      this.#value[tag] = frame.value[row] ?? NaN;
      this.#time[tag] = frame.time[row] ?? 0;
      this.#quality[tag] = frame.quality[row] ?? GOOD;
      this.#kind[tag] = frame.kind[row] ?? KIND.none;
      const text = frame.text(row);
      if (text === '') this.#text.delete(tag);
      else this.#text.set(tag, text);
      const watchers = this.#watchers.get(tag);
      if (watchers !== undefined) for (const tell of watchers) tell();
    }
  }

  /** The row of a tag; nothing yet where there is none. */
  read(tag: number): Reading {
    return {
      kind: this.#kind[tag] ?? KIND.none,
      value: this.#value[tag] ?? NaN,
      text: this.#text.get(tag) ?? '',
      quality: this.#quality[tag] ?? WAITING,
      time: this.#time[tag] ?? 0,
    };
  }

  value(tag: number): number {
    return this.#value[tag] ?? NaN;
  }

  quality(tag: number): number {
    return this.#quality[tag] ?? WAITING;
  }

  time(tag: number): number {
    return this.#time[tag] ?? 0;
  }

  kind(tag: number): number {
    return this.#kind[tag] ?? KIND.none;
  }

  text(tag: number): string {
    return this.#text.get(tag) ?? '';
  }

  #forget(tag: number): void {
    if (tag >= this.#value.length) return;
    this.#value[tag] = NaN;
    this.#time[tag] = 0;
    this.#quality[tag] = WAITING;
    this.#kind[tag] = KIND.none;
    this.#text.delete(tag);
  }
}
