import { callError, type CallError } from '../host/host';
import { readSeries } from '../live/frame';
import type { Station } from '../station.svelte';
import { NO_SAMPLES, type Samples } from './samples';
import { lengthOf, live, sameView, spanOf, type Span, type View } from './span';
import { Trace } from './trace';

/** A view must stand for so long before the history is asked, so that a turn of the wheel is one question. */
const SETTLE_MS = 120;
/** After a failure the history is asked again this much later. */
const AGAIN_MS = 2_000;
/** While a trend follows the clock its history is read anew after this time at the soonest, to mend what ten frames a second miss. */
const MEND_MS = 15_000;
/** And after this share of its length, so that a long trend is not read all the time. */
const MEND_SHARE = 1 / 50;
/** So much more than is seen is asked for on both sides, as a share of the length, so that a short pan shows no empty edge. */
const MARGIN = 0.25;
/** The contract answers no wider picture. */
const MOST_PIXELS = 10_000;

/** What a chart wants to draw. */
interface Want {
  readonly tags: readonly number[];
  readonly view: View;
  readonly pixels: number;
}

/**
 * The lines of the tags on a chart: watches their live values and reads their history for the stretch that is looked at,
 * one question at a time. While an answer is on its way the last picture stays.
 */
export class TrendFeed {
  /** Whether what is looked at has not been answered yet. */
  loading = $state(false);
  /** Why the last question failed; null once one is answered. */
  failure = $state.raw<CallError | null>(null);

  /** Goes up with every live value that came. */
  revision = 0;
  /** Goes up with every answer of the history. Reactive. */
  answers = $state(0);

  readonly #station: Station;
  readonly #traces = new Map<number, { trace: Trace; release: () => void }>();
  #want: Want = { tags: [], view: live(0), pixels: 0 };
  #question = 0;
  #asking = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #mendAt = Infinity;
  #wasAlive = true;
  #stopped = false;

  constructor(station: Station) {
    this.#station = station;
  }

  /** Says what is looked at. The same as before costs nothing. */
  show(tags: readonly number[], view: View, pixels: number): void {
    const width = Math.max(1, Math.min(Math.round(pixels), MOST_PIXELS));
    const before = this.#want;
    const sameTags = tags.length === before.tags.length && tags.every((tag, i) => tag === before.tags[i]);
    // A few pixels more or less make no other picture.
    const sameWidth = Math.abs(width - before.pixels) < before.pixels / 8;
    if (sameTags && sameWidth && sameView(view, before.view)) return;
    this.#want = { tags: [...tags], view, pixels: width };
    if (!sameTags) this.#watch(tags);
    this.#ask(SETTLE_MS);
  }

  /** The line of a tag. */
  samples(tag: number): Samples {
    return this.#traces.get(tag)?.trace.samples() ?? NO_SAMPLES;
  }

  /** The engine's wall time, in whole milliseconds: uPlot's time axis puts its marks a millisecond off for parts of one. */
  now(): number {
    return Math.floor(this.#station.pulse.now());
  }

  /** The last instant of which anything is known: now, or when the engine was last heard. */
  until(): number {
    const { pulse } = this.#station;
    return pulse.liveness === 'live' || pulse.since === 0 ? pulse.now() : pulse.since;
  }

  /** To be called now and then while the chart is on the screen: reads the history anew when that is due. */
  tend(): void {
    const { alive } = this.#station.pulse;
    const woke = alive && !this.#wasAlive;
    this.#wasAlive = alive;
    if (woke || (alive && this.#station.pulse.now() >= this.#mendAt)) this.refresh();
  }

  /** Reads the history now. */
  refresh(): void {
    this.#ask(0);
  }

  /** Ends it; it cannot begin again. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#watch([]);
  }

  #watch(tags: readonly number[]): void {
    const { table, pulse } = this.#station;
    for (const [tag, held] of this.#traces) {
      if (tags.includes(tag)) continue;
      held.release();
      this.#traces.delete(tag);
    }
    for (const tag of tags) {
      if (this.#traces.has(tag)) continue;
      const trace = new Trace();
      const observe = () => {
        const time = table.time(tag);
        // A row that was only just cleared says nothing about the tag.
        if (time === 0) return;
        trace.observe(time, table.value(tag), table.quality(tag), pulse.now());
        this.revision += 1;
      };
      this.#traces.set(tag, { trace, release: table.watch(tag, observe) });
    }
  }

  #ask(afterMs: number): void {
    if (this.#stopped) return;
    this.#question += 1;
    this.#mendAt = Infinity;
    this.loading = this.#want.tags.length > 0;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#read(), afterMs);
  }

  async #read(): Promise<void> {
    // The answer on its way is for something older; when it is there this is read.
    if (this.#asking) return;
    const { tags, view, pixels } = this.#want;
    const question = this.#question;
    if (tags.length === 0 || document.hidden) {
      this.loading = false;
      // Whoever looks again gets it then.
      this.#mendAt = 0;
      return;
    }
    const now = this.#station.pulse.now();
    const seen = spanOf(view, now);
    const asked = withMargin(seen, now);
    this.#asking = true;
    try {
      const bytes = await this.#station.host.call('history_read', {
        tags: [...tags],
        from: Math.floor(asked.from),
        to: Math.ceil(asked.to),
        pixels: Math.min(MOST_PIXELS, Math.ceil((pixels * lengthOf(asked)) / lengthOf(seen))),
      });
      if (this.#stopped) return;
      const series = new Map(readSeries(bytes).map((each) => [each.tag, each]));
      for (const tag of tags) this.#traces.get(tag)?.trace.settle(series.get(tag) ?? NO_SAMPLES, asked.to >= now);
      this.failure = null;
      this.#mendAt = view.kind === 'live' ? now + Math.max(MEND_MS, lengthOf(seen) * MEND_SHARE) : Infinity;
      this.answers += 1;
    } catch (thrown) {
      this.failure = callError(thrown);
      if (question === this.#question && !this.#stopped) this.#timer = setTimeout(() => void this.#read(), AGAIN_MS);
    } finally {
      this.#asking = false;
      if (question === this.#question) this.loading = this.failure !== null;
      else if (!this.#stopped) void this.#read();
    }
  }
}

/** The stretch with a margin on both sides, but nothing beyond now, where there is nothing yet. */
function withMargin(span: Span, now: number): Span {
  const margin = lengthOf(span) * MARGIN;
  const to = Math.min(span.to + margin, Math.max(now, span.from + 1));
  return { from: Math.max(0, span.from - margin), to };
}
