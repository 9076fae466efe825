import type { Host } from '../host/host';
import { readSeries, type Series } from './frame';
import { severity } from './quality';

/** How far back a sparkline goes, and into how many pieces that is cut. */
export const SPARK_MS = 15 * 60_000;
export const SPARK_POINTS = 60;
const PIECE_MS = SPARK_MS / SPARK_POINTS;
/** The contract's most tags in one reading of history. */
const MOST_TAGS = 16;

/** The last minutes of one tag: a value a piece of time, NaN where it is not known or was bad. Newest last. */
export class Spark {
  readonly points = new Float64Array(SPARK_POINTS).fill(NaN);
  /** Called when the past has arrived. */
  filled: () => void = () => undefined;
  #piece = 0;

  constructor(readonly tag: number) {}

  /** Takes the value of now, NaN where it is bad. */
  take(value: number, now: number): void {
    this.#moveTo(Math.floor(now / PIECE_MS));
    this.points[SPARK_POINTS - 1] = value;
  }

  /** Takes the past in; what came live in the meantime stays. */
  fill(series: Series, now: number): void {
    this.#moveTo(Math.floor(now / PIECE_MS));
    const past = new Float64Array(SPARK_POINTS).fill(NaN);
    let sample = 0;
    let last = NaN;
    for (let at = 0; at < SPARK_POINTS; at += 1) {
      const end = (this.#piece - SPARK_POINTS + 2 + at) * PIECE_MS;
      while (sample < series.time.length && (series.time[sample] ?? 0) < end) {
        last = severity(series.quality[sample] ?? 0) === 'bad' ? NaN : (series.value[sample] ?? NaN);
        sample += 1;
      }
      past[at] = last;
    }
    for (let at = 0; at < SPARK_POINTS; at += 1) {
      if (Number.isNaN(this.points[at])) this.points[at] = past[at] ?? NaN;
    }
    this.filled();
  }

  #moveTo(piece: number): void {
    const steps = this.#piece === 0 ? 0 : Math.min(SPARK_POINTS, piece - this.#piece);
    this.#piece = piece;
    if (steps <= 0) return;
    this.points.copyWithin(0, steps);
    this.points.fill(NaN, SPARK_POINTS - steps);
  }
}

/** Brings the past of many sparklines, as few readings as the contract allows, one at a time. */
export class SparkFeed {
  readonly #host: Host;
  readonly #now: () => number;
  #waiting: Spark[] = [];
  #reading = false;
  #closed = false;

  constructor(host: Host, now: () => number) {
    this.#host = host;
    this.#now = now;
  }

  /** A sparkline whose past arrives by and by. */
  open(tag: number): Spark {
    const spark = new Spark(tag);
    this.#waiting.push(spark);
    if (!this.#reading) {
      this.#reading = true;
      queueMicrotask(() => void this.#read());
    }
    return spark;
  }

  /** No more readings. */
  close(): void {
    this.#closed = true;
  }

  async #read(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#closed) {
      const next = this.#waiting.splice(0, MOST_TAGS);
      const to = Math.round(this.#now());
      try {
        const tags = next.map((each) => each.tag);
        const request = { tags, from: to - SPARK_MS, to, pixels: SPARK_POINTS };
        const found = readSeries(await this.#host.call('history_read', request));
        for (const series of found) for (const each of next) if (each.tag === series.tag) each.fill(series, to);
      } catch {
        // The line begins with what comes live; the strip says that history is not there.
        continue;
      }
    }
    this.#reading = false;
  }
}
