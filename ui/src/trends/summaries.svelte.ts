import type { IntervalSummary } from '../contract/contract';
import type { Station } from '../station.svelte';
import { between, lengthOf, live, sameView, spanOf, type Span, type View } from './span';

/** A stretch must stand for so long before the engine is asked, so that a pan or a moving pointer is one question. */
const SETTLE_MS = 150;
/** After a failure it is asked again this much later. */
const AGAIN_MS = 2_000;
/** While a stretch follows the clock its numbers are asked for anew after this share of its length, */
const RENEW_SHARE = 1 / 900;
/** and not before, */
const RENEW_MS = 1_000;
/** nor much after this. */
const RENEW_LATEST_MS = 15_000;
/** By then what was measured is in history. */
const COMMITTED_MS = 2_000;

/** What a tag did over a stretch, after OPC UA Part 13. Only good values count. */
export interface Statistics {
  readonly least: number;
  readonly greatest: number;
  /** When a sample first had it; null where it held from before the stretch. */
  readonly leastAt: number | null;
  readonly greatestAt: number | null;
  /** Weighted by time; null where no time was good. */
  readonly mean: number | null;
  /** How much of the stretch was good, 0 to 1. */
  readonly goodShare: number;
}

interface Answer {
  readonly view: View;
  /** The stretch that was known when it was answered. */
  readonly span: Span;
  /** Null for a tag without a good number there. */
  readonly of: ReadonlyMap<number, Statistics | null>;
}

/** The stretch that statistics are over: between the two cursors where both are set, else everything that is seen. */
export function viewOfStatistics(view: View, pinned: number | null, pointer: number | null): View {
  if (pinned === null || pointer === null || Math.abs(pinned - pointer) < 1) return view;
  return { kind: 'still', ...between(pinned, pointer) };
}

/**
 * The statistics of the pens, calculated by the engine from what is recorded: exact however long the stretch is. One
 * question at a time, and an answer to something that is looked at no more is dropped.
 */
export class Summaries {
  /** The newest answer. */
  #answer = $state.raw<Answer | null>(null);
  #view = $state.raw<View>(live(0));

  readonly #station: Station;
  #tags: readonly number[] = [];
  #question = 0;
  #asking = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  constructor(station: Station) {
    this.#station = station;
  }

  /** Says what is looked at. The same as before costs nothing. */
  show(tags: readonly number[], view: View): void {
    const sameTags = tags.length === this.#tags.length && tags.every((tag, i) => tag === this.#tags[i]);
    if (sameTags && sameView(view, this.#view)) return;
    this.#tags = [...tags];
    this.#view = view;
    this.#ask(SETTLE_MS);
  }

  /** The statistics of a tag over what is looked at: undefined while they are not there, null where nothing was good. */
  of(tag: number): Statistics | null | undefined {
    return this.#current?.of.get(tag);
  }

  /** The stretch that the statistics are of; null while they are not there. */
  get span(): Span | null {
    return this.#current?.span ?? null;
  }

  /** Ends it; it cannot begin again. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  get #current(): Answer | null {
    return this.#answer !== null && sameView(this.#answer.view, this.#view) ? this.#answer : null;
  }

  #ask(afterMs: number): void {
    this.#question += 1;
    this.#wait(afterMs);
  }

  #wait(ms: number): void {
    clearTimeout(this.#timer);
    if (!this.#stopped) this.#timer = setTimeout(() => void this.#read(), ms);
  }

  async #read(): Promise<void> {
    // The answer on its way is for something older; when it is there this is read.
    if (this.#asking || this.#tags.length === 0) return;
    if (document.hidden) {
      this.#wait(RENEW_MS);
      return;
    }
    const tags = this.#tags;
    const view = this.#view;
    const question = this.#question;
    const now = this.#station.pulse.now();
    const { from, to } = spanOf(view, now);
    this.#asking = true;
    let next: number | null = AGAIN_MS;
    try {
      const summary = await this.#station.host.call('history_summary', {
        tags: [...tags],
        from: Math.floor(from),
        to: Math.max(Math.ceil(to), Math.floor(from) + 1),
        intervals: 1,
        with: [],
        counterEnd: null,
      });
      const told = new Map(summary.tags.map((each) => [each.tag, each.intervals[0]]));
      const of = new Map(tags.map((tag) => [tag, statistics(told.get(tag))]));
      if (question === this.#question) this.#answer = { view, span: { from: summary.from, to: summary.to }, of };
      next = renewAfter(view, { from, to }, now);
    } catch {
      // That history cannot be read is said beside the lines, which are read from it too.
    } finally {
      this.#asking = false;
    }
    if (question !== this.#question) this.#wait(0);
    else if (next !== null) this.#wait(next);
  }
}

/** When the numbers of a stretch are to be asked for again; null where they cannot change any more. */
function renewAfter(view: View, span: Span, now: number): number | null {
  if (view.kind === 'live') return Math.min(Math.max(lengthOf(span) * RENEW_SHARE, RENEW_MS), RENEW_LATEST_MS);
  return span.to > now - COMMITTED_MS ? COMMITTED_MS : null;
}

function statistics(summary: IntervalSummary | undefined): Statistics | null {
  if (summary === undefined || summary.least === null || summary.greatest === null) return null;
  const { least, greatest, mean, percentGood } = summary;
  return {
    least: least.value,
    greatest: greatest.value,
    leastAt: least.time,
    greatestAt: greatest.time,
    mean,
    goodShare: percentGood / 100,
  };
}
