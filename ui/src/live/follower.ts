/** After a failed read it waits this long. */
const AGAIN_MS = 1_000;

/** Reads something again whenever its revision moves: one read at a time, tried again when it fails. */
export class Follower {
  readonly #read: () => Promise<void>;
  readonly #rest: number;
  #seen: number | null = null;
  #wanted = false;
  #reading: Promise<void> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;
  /** When the last read ended, and how long it took. */
  #ended = -Infinity;
  #took = 0;

  /** `rest` is the least time between two reads, in milliseconds. */
  constructor(read: () => Promise<void>, rest = 50) {
    this.#read = read;
    this.#rest = rest;
  }

  follow(revision: number): void {
    if (this.#seen === revision) return;
    this.#seen = revision;
    void this.again();
  }

  /** Reads as soon as it may, and once more where a read is going on. */
  again(): Promise<void> {
    this.#wanted = true;
    this.#reading ??= this.#run();
    return this.#reading;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    while (this.#wanted && !this.#stopped) {
      // A flood moves a revision many times a second: reading never takes more than a third of the time.
      await pause(this.#ended + Math.max(this.#rest, 2 * this.#took) - performance.now());
      if (this.#stopped) break;
      this.#wanted = false;
      if (!(await this.#succeeds())) {
        // The pulse says on the screen that the engine does not answer; here it is only tried again.
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => void this.again(), AGAIN_MS);
        break;
      }
    }
    this.#reading = null;
  }

  async #succeeds(): Promise<boolean> {
    const started = performance.now();
    try {
      await this.#read();
      return true;
    } catch {
      return false;
    } finally {
      this.#ended = performance.now();
      this.#took = this.#ended - started;
    }
  }
}

/** Also where there is nothing to wait for it goes on in a turn of its own, so that no effect takes what is read for its own. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
