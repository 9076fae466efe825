import type { Station } from '../station.svelte';
import { raisesOf, type AlarmMark } from './alarm-marks';
import type { Span } from './span';

/** A view must stand for so long before the journal is asked. */
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
  #timer: ReturnType<typeof setTimeout> | undefined;
  #question = 0;

  constructor(station: Station) {
    this.#station = station;
  }

  /** Asks for the marks of these tags over the stretch. The marks that are there stay until the answer. */
  show(tags: ReadonlySet<number>, span: Span): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#read(tags, span), SETTLE_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#question += 1;
  }

  async #read(tags: ReadonlySet<number>, span: Span): Promise<void> {
    this.#question += 1;
    const mine = this.#question;
    const { plant, host } = this.#station;
    if (plant === null) return;
    try {
      const page = await host.call('journal_read', {
        before: null,
        limit: MOST_ENTRIES,
        equipment: null,
        alarm: null,
        text: null,
        priority: null,
        from: Math.floor(span.from),
        to: Math.ceil(span.to),
      });
      if (mine !== this.#question) return;
      this.marks = raisesOf(page.entries, tags, plant.alarms);
      this.isCut = page.next !== null;
    } catch {
      // The marks are beside the lines; that the engine does not answer is said elsewhere on the screen.
      if (mine === this.#question) this.isCut = false;
    }
  }
}
