import { createSubscriber } from 'svelte/reactivity';

/** The engine's wall time, told once a second to whoever shows it. Nobody looking, nothing ticking. */
export class Clock {
  readonly #now: () => number;
  readonly #subscribe: () => void;

  constructor(now: () => number) {
    this.#now = now;
    this.#subscribe = createSubscriber((update) => {
      const timer = setInterval(update, 1_000);
      return () => clearInterval(timer);
    });
  }

  /** Milliseconds since the epoch; reactive once a second. */
  get now(): number {
    this.#subscribe();
    return this.#now();
  }
}
