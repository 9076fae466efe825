import { NO_SAMPLES, type Columns } from './series';

/** So many live samples are kept between two answers of the history; beyond, every run of them is thinned. */
const MOST_LIVE = 16_384;

/** A thinned run of live samples keeps at most four: its first, its least, its greatest and its last. */
const RUN = 8;

/** The live samples of one tag, in columns that grow. */
class LiveColumns implements Columns {
  times = new Float64Array(256);
  values = new Float64Array(256);
  quality = new Uint32Array(256);
  length = 0;

  push(time: number, value: number, quality: number): void {
    if (this.length === this.times.length) {
      if (this.length >= MOST_LIVE) this.#thin();
      else this.#grow();
    }
    this.times[this.length] = time;
    this.values[this.length] = value;
    this.quality[this.length] = quality;
    this.length += 1;
  }

  /** Forgets the samples up to and including `time`. */
  forget(time: number): void {
    let first = 0;
    while (first < this.length && (this.times[first] ?? Infinity) <= time) first += 1;
    if (first === 0) return;
    this.times.copyWithin(0, first, this.length);
    this.values.copyWithin(0, first, this.length);
    this.quality.copyWithin(0, first, this.length);
    this.length -= first;
  }

  #grow(): void {
    const { times, values, quality } = this;
    this.times = new Float64Array(2 * times.length);
    this.values = new Float64Array(2 * times.length);
    this.quality = new Uint32Array(2 * times.length);
    this.times.set(times);
    this.values.set(values);
    this.quality.set(quality);
  }

  #thin(): void {
    let kept = 0;
    for (let start = 0; start < this.length; start += RUN) {
      for (const at of telling(this, start, Math.min(start + RUN, this.length))) {
        this.times[kept] = this.times[at] ?? NaN;
        this.values[kept] = this.values[at] ?? NaN;
        this.quality[kept] = this.quality[at] ?? 0;
        kept += 1;
      }
    }
    this.length = kept;
  }
}

/**
 * Which samples of a run tell its story: the first, the least, the greatest and the last, in order of time. Where the
 * quality changes within the run all of them do, so that no gap is lost.
 */
function telling(columns: Columns, start: number, end: number): number[] {
  let least = start;
  let greatest = start;
  for (let at = start; at < end; at += 1) {
    const value = columns.values[at] ?? NaN;
    if (columns.quality[at] !== columns.quality[start] || Number.isNaN(value)) {
      return Array.from({ length: end - start }, (_, i) => start + i);
    }
    if (value < (columns.values[least] ?? NaN)) least = at;
    if (value > (columns.values[greatest] ?? NaN)) greatest = at;
  }
  return [...new Set([start, least, greatest, end - 1])].sort((a, b) => a - b);
}

/**
 * One tag's line: what the history answered, and the live samples since, joined so that neither a seam nor a sample
 * twice is left. It knows nothing of pixels and asks nobody for anything.
 */
export class Trace {
  #history: Columns = NO_SAMPLES;
  #live = new LiveColumns();
  #joins = true;
  #joined: Columns | null = null;

  /** Goes up with every change, so that who draws it can tell. */
  revision = 0;

  /**
   * Takes a value as it is now. `time` is when the value was taken, `now` when it was seen: a value whose quality
   * changes without a new sample, as when its gateway is lost, changes now.
   */
  observe(time: number, value: number, quality: number, now: number): void {
    const last = this.#live.length - 1;
    let at = time;
    if (last >= 0) {
      const lastTime = this.#live.times[last] ?? -Infinity;
      const same = Object.is(this.#live.values[last], value) && this.#live.quality[last] === quality;
      if (same && time <= lastTime) return;
      if (time <= lastTime) at = Math.max(now, lastTime + 1);
    }
    this.#live.push(at, value, quality);
    this.#changed();
  }

  /**
   * Takes an answer of the history. `reachesNow` says whether it goes up to the present: only then do live samples
   * continue it.
   */
  settle(history: Columns, reachesNow: boolean): void {
    this.#history = history;
    this.#joins = reachesNow;
    if (reachesNow && history.length > 0) this.#live.forget(history.times[history.length - 1] ?? -Infinity);
    this.#changed();
  }

  /** The whole line, oldest first. The columns stay as they are until the next change. */
  columns(): Columns {
    this.#joined ??= this.#join();
    return this.#joined;
  }

  #changed(): void {
    this.#joined = null;
    this.revision += 1;
  }

  #join(): Columns {
    const past = this.#history;
    if (!this.#joins) return past;
    const live = this.#live;
    const length = past.length + live.length;
    const times = new Float64Array(length);
    const values = new Float64Array(length);
    const quality = new Uint32Array(length);
    times.set(past.times.subarray(0, past.length));
    values.set(past.values.subarray(0, past.length));
    quality.set(past.quality.subarray(0, past.length));
    times.set(live.times.subarray(0, live.length), past.length);
    values.set(live.values.subarray(0, live.length), past.length);
    quality.set(live.quality.subarray(0, live.length), past.length);
    return { times, values, quality, length };
  }
}
