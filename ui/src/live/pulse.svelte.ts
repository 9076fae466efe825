import { callError, type Host } from '../host/host';
import { readFrame, type Frame } from './frame';
import type { LiveTable } from './table';

/** How often live values are pulled, in milliseconds from the start of one pull to the start of the next. */
const PERIOD_MS = 100;
/**
 * When so many values change from one pull to the next, nobody reads them ten times a second, and painting them would
 * keep a core busy: the pull slows down, to at most half of the second that a shown value may be old.
 */
const CROWDED: readonly { rows: number; periodMs: number }[] = [
  { rows: 256, periodMs: 500 },
  { rows: 64, periodMs: 250 },
];
/** After this long without a frame, or with an engine that has not stirred, nothing on the screen counts as live. */
const STALE_AFTER_MS = 2_000;
/** A pull that has not come back by now is given up, so that a hung host does not hang the screen's own watch. */
const GIVE_UP_MS = 5_000;

/** What a screen may know of the moment, beside the values. */
export type Liveness = 'connecting' | 'live' | 'lost' | 'stalled';

/**
 * The heartbeat of the screen: pulls a frame up to ten times a second, one at a time, and says what it brought. It alone decides
 * whether what is shown is alive: no frame for two seconds, or an engine that stands still, and everything is stale.
 */
export class Pulse {
  /** `lost`: the engine does not answer. `stalled`: it answers, but its loop stands still. */
  liveness = $state<Liveness>('connecting');
  /** When the screen stopped being alive, on the engine's clock; 0 while it is, or never was. */
  since = $state(0);
  /** Why the last pull failed, in words; empty while pulls come back. */
  reason = $state('');
  plantRevision = $state(-1);
  alarmRevision = $state(-1);
  /** Moves with every entry of the journal that is on disk. */
  journalRevision = $state(-1);
  statusRevision = $state(-1);
  unacknowledged = $state.raw<readonly number[]>([0, 0, 0, 0]);
  active = $state.raw<readonly number[]>([0, 0, 0, 0]);

  readonly #host: Host;
  readonly #table: LiveTable;
  readonly #frames = new Set<(frame: Frame) => void>();
  #plant = 0;
  #revision = 0;
  #running = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #started = 0;
  #period = PERIOD_MS;
  #watch: ReturnType<typeof setInterval> | undefined;
  #lastFrame = 0;
  #engineNow = 0;

  constructor(host: Host, table: LiveTable) {
    this.#host = host;
    this.#table = table;
    table.onWanted(() => this.#hurry());
  }

  /** Whether values may be shown as they came. Reactive. */
  get alive(): boolean {
    return this.liveness === 'live';
  }

  /** The engine's wall time now, in milliseconds since the epoch: its last word plus what has passed here since. */
  now(): number {
    return this.#engineNow === 0 ? Date.now() : this.#engineNow + (performance.now() - this.#lastFrame);
  }

  /** The plant whose tag numbers are in use from now on. The next frame brings every row. */
  use(plantRevision: number): void {
    this.#plant = plantRevision;
    this.#revision = 0;
  }

  /** Calls `take` with every frame that was applied, until the returned function is called. */
  onFrame(take: (frame: Frame) => void): () => void {
    this.#frames.add(take);
    return () => this.#frames.delete(take);
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#lastFrame = performance.now();
    this.#watch = setInterval(() => this.#judge(), 250);
    void this.#beat();
  }

  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    clearInterval(this.#watch);
  }

  async #beat(): Promise<void> {
    this.#timer = undefined;
    this.#started = performance.now();
    await this.#pull();
    if (this.#running) this.#wait(this.#period);
  }

  #wait(period: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#beat(), Math.max(0, period - (performance.now() - this.#started)));
  }

  // What has just come onto the screen is not kept waiting because the screen before it was crowded.
  #hurry(): void {
    if (this.#timer !== undefined) this.#wait(PERIOD_MS);
  }

  async #pull(): Promise<void> {
    const since = this.#table.takeGrown() ? 0 : this.#revision;
    const plant = this.#plant;
    try {
      const bytes = await within(GIVE_UP_MS, this.#host.frame({ plant, since, tags: this.#table.wanted }));
      if (plant === this.#plant) this.#take(readFrame(bytes));
    } catch (thrown) {
      // What was on its way may have been lost with the pull: the next one asks for everything.
      this.#revision = 0;
      this.reason =
        thrown instanceof Error && thrown.name === 'LayoutError' ? thrown.message : callError(thrown).message;
      this.#judge();
    }
  }

  #take(frame: Frame): void {
    this.#lastFrame = performance.now();
    this.#engineNow = frame.now;
    this.reason = '';
    // Rows of another plant carry other numbers; the plant is read first, then they come again.
    if (frame.plantRevision === this.#plant) {
      this.#revision = frame.revision;
      this.#table.apply(frame);
      this.#period = frame.full ? PERIOD_MS : paceFor(frame.rows);
    }
    this.plantRevision = frame.plantRevision;
    this.alarmRevision = frame.alarmRevision;
    this.journalRevision = frame.journalRevision;
    this.statusRevision = frame.statusRevision;
    if (differs(this.unacknowledged, frame.unacknowledged)) this.unacknowledged = frame.unacknowledged;
    if (differs(this.active, frame.active)) this.active = frame.active;
    this.#become(frame.ageMs > STALE_AFTER_MS ? 'stalled' : 'live', frame.now - frame.ageMs);
    for (const take of this.#frames) take(frame);
  }

  #judge(): void {
    const silent = performance.now() - this.#lastFrame;
    if (silent > STALE_AFTER_MS) this.#become('lost', this.now() - silent);
  }

  #become(liveness: Liveness, since: number): void {
    if (this.liveness === liveness) return;
    this.liveness = liveness;
    this.since = liveness === 'live' ? 0 : since;
  }
}

function paceFor(rows: number): number {
  return CROWDED.find((each) => rows > each.rows)?.periodMs ?? PERIOD_MS;
}

function differs(a: readonly number[], b: readonly number[]): boolean {
  return a.some((each, index) => each !== b[index]);
}

function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
