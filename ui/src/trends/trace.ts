import { NO_SAMPLES, type Samples } from './samples';

/** So many live samples are kept between two answers of the history; beyond, every run of them is thinned. */
const MOST_LIVE = 16_384;

/** A thinned run of live samples keeps at most four: its first, its least, its greatest and its last. */
const RUN = 8;

/**
 * One tag's line: what the history answered, and the live samples since, joined so that neither a seam nor a sample
 * twice is left. It knows nothing of pixels and asks nobody for anything.
 */
export class Trace {
  /** Goes up with every change, so that who draws it can tell. */
  revision = 0;

  #history = NO_SAMPLES;
  #joinsLive = true;
  readonly #live = new LiveSamples();
  #joined: Samples | null = null;
  #lastTime = -Infinity;
  #lastValue = NaN;
  #lastQuality = 0;

  /**
   * Takes a value as it is now. `time` is when the value was taken, `now` when it was seen: a value whose quality
   * changes without a new sample, as when its gateway is lost, changes now.
   */
  observe(time: number, value: number, quality: number, now: number): void {
    let at = time;
    if (time <= this.#lastTime) {
      if (Object.is(this.#lastValue, value) && this.#lastQuality === quality) return;
      at = Math.max(now, this.#lastTime + 1);
    }
    this.#remember(at, value, quality);
    this.#live.push(at, value, quality);
    this.#changed();
  }

  /**
   * Takes an answer of the history. `reachesNow` says whether it goes up to the present: only then do live samples
   * continue it.
   */
  settle(history: Samples, reachesNow: boolean): void {
    this.#history = history;
    this.#joinsLive = reachesNow;
    const last = history.time.length - 1;
    if (reachesNow && last >= 0) {
      const time = history.time[last] ?? -Infinity;
      this.#live.forget(time);
      if (time > this.#lastTime) this.#remember(time, history.value[last] ?? NaN, history.quality[last] ?? 0);
    }
    this.#changed();
  }

  /** The whole line, oldest first. The same columns until the next change. */
  samples(): Samples {
    this.#joined ??= this.#joinsLive ? joined(this.#history, this.#live.samples()) : this.#history;
    return this.#joined;
  }

  #remember(time: number, value: number, quality: number): void {
    this.#lastTime = time;
    this.#lastValue = value;
    this.#lastQuality = quality;
  }

  #changed(): void {
    this.#joined = null;
    this.revision += 1;
  }
}

/** The live samples of one tag, in columns that grow up to a bound. */
class LiveSamples {
  #time = new Float64Array(256);
  #value = new Float64Array(256);
  #quality = new Uint32Array(256);
  #length = 0;

  push(time: number, value: number, quality: number): void {
    if (this.#length === this.#time.length) {
      if (this.#length < MOST_LIVE) this.#grow();
      else this.#thin();
    }
    this.#time[this.#length] = time;
    this.#value[this.#length] = value;
    this.#quality[this.#length] = quality;
    this.#length += 1;
  }

  /** Forgets the samples up to and including `time`. */
  forget(time: number): void {
    let first = 0;
    while (first < this.#length && (this.#time[first] ?? Infinity) <= time) first += 1;
    if (first > 0) this.#drop(first);
  }

  /** What is held, as views that the next change may overwrite. */
  samples(): Samples {
    return {
      time: this.#time.subarray(0, this.#length),
      value: this.#value.subarray(0, this.#length),
      quality: this.#quality.subarray(0, this.#length),
    };
  }

  #drop(first: number): void {
    this.#time.copyWithin(0, first, this.#length);
    this.#value.copyWithin(0, first, this.#length);
    this.#quality.copyWithin(0, first, this.#length);
    this.#length -= first;
  }

  #grow(): void {
    const held = this.samples();
    this.#time = new Float64Array(2 * held.time.length);
    this.#value = new Float64Array(2 * held.time.length);
    this.#quality = new Uint32Array(2 * held.time.length);
    this.#time.set(held.time);
    this.#value.set(held.value);
    this.#quality.set(held.quality);
  }

  #thin(): void {
    let kept = 0;
    for (let start = 0; start < this.#length; start += RUN) {
      for (const at of telling(this.samples(), start, Math.min(start + RUN, this.#length))) {
        this.#time[kept] = this.#time[at] ?? NaN;
        this.#value[kept] = this.#value[at] ?? NaN;
        this.#quality[kept] = this.#quality[at] ?? 0;
        kept += 1;
      }
    }
    this.#length = kept;
    // A line that breaks all the time cannot be thinned; its oldest half goes, which the history still has.
    if (kept > MOST_LIVE / 2) this.#drop(kept >>> 1);
  }
}

/**
 * Which samples of a run tell its story: the first, the least, the greatest and the last, in order of time. Where the
 * quality changes within the run all of them do, so that no gap is lost.
 */
function telling(samples: Samples, start: number, end: number): number[] {
  let least = start;
  let greatest = start;
  for (let at = start; at < end; at += 1) {
    const value = samples.value[at] ?? NaN;
    if (samples.quality[at] !== samples.quality[start] || Number.isNaN(value)) {
      return Array.from({ length: end - start }, (_, i) => start + i);
    }
    if (value < (samples.value[least] ?? NaN)) least = at;
    if (value > (samples.value[greatest] ?? NaN)) greatest = at;
  }
  return [...new Set([start, least, greatest, end - 1])].sort((a, b) => a - b);
}

function joined(past: Samples, present: Samples): Samples {
  const time = new Float64Array(past.time.length + present.time.length);
  const value = new Float64Array(time.length);
  const quality = new Uint32Array(time.length);
  time.set(past.time);
  value.set(past.value);
  quality.set(past.quality);
  time.set(present.time, past.time.length);
  value.set(present.value, past.time.length);
  quality.set(present.quality, past.time.length);
  return { time, value, quality };
}
