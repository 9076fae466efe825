import { EVERYTHING } from '../screens/alarms/journal-filter';
import { Follower } from '../live/follower';
import type { Station } from '../station.svelte';
import { raisesOf, type AlarmMark } from './alarm-marks';
import type { Span } from './span';

/** A view must stand for so long before the journal is asked, and it is not asked more often. */
const SETTLE_MS = 400;
/** The journal answers no more entries at once. */
const MOST_ENTRIES = 500;

/** The raises of the drawn tags' alarms in the stretch that is looked at, read from the journal. */
export class AlarmMarks {
  /** Oldest first. */
  marks = $state.raw<readonly AlarmMark[]>([]);
  /** Whether the journal holds more of this stretch than was read. */
  isCut = $state(false);

  readonly #station: Station;
  readonly #reader = new Follower(() => this.#read(), SETTLE_MS);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wanted: { readonly tags: ReadonlySet<number>; readonly span: Span } | null = null;

  constructor(station: Station) {
    this.#station = station;
  }

  /** Reads again what is shown when the journal has moved. */
  follow(journalRevision: number): void {
    this.#reader.follow(journalRevision);
  }

  /** Asks for the marks of these tags over the stretch. The marks that are there stay until the answer. */
  show(tags: ReadonlySet<number>, span: Span): void {
    clearTimeout(this.#timer);
    this.#wanted = { tags, span };
    this.#timer = setTimeout(() => void this.#reader.again(), SETTLE_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#reader.stop();
    this.#wanted = null;
  }

  async #read(): Promise<void> {
    const wanted = this.#wanted;
    const { plant, host } = this.#station;
    if (plant === null || wanted === null) return;
    const { tags, span } = wanted;
    try {
      const page = await host.call('journal_read', {
        before: null,
        limit: MOST_ENTRIES,
        filter: { ...EVERYTHING, kinds: ['raised'], from: Math.floor(span.from), to: Math.ceil(span.to) },
      });
      if (wanted !== this.#wanted) return;
      this.marks = raisesOf(page.entries, tags, plant.alarms);
      this.isCut = page.next !== null;
    } catch (thrown) {
      // The marks are beside the lines; that the engine does not answer is said elsewhere on the screen.
      if (wanted === this.#wanted) this.isCut = false;
      throw thrown;
    }
  }
}
