import { createSubscriber } from 'svelte/reactivity';

import type { TagView } from '../contract/contract';
import { KIND } from './frame';
import type { Pulse } from './pulse.svelte';
import { severity, STALE, type Severity } from './quality';
import type { LiveTable } from './table';

/**
 * A tag's live value as a component reads it. Reading any getter in a template or an effect puts the tag among those that
 * are pulled; when the last reader goes, it is pulled no more. That is the whole subscription: nothing to close.
 */
export class LiveTag {
  readonly view: TagView;
  readonly #table: LiveTable;
  readonly #pulse: Pulse;
  readonly #subscribe: () => void;

  constructor(view: TagView, table: LiveTable, pulse: Pulse) {
    this.view = view;
    this.#table = table;
    this.#pulse = pulse;
    this.#subscribe = createSubscriber((update) => table.watch(view.index, update));
  }

  /** The number; 0 or 1 for a truth value; NaN where there is none. A bad value keeps the last number that came. */
  get value(): number {
    this.#subscribe();
    return this.#table.value(this.view.index);
  }

  /** The text of a text tag, or an integer's digits where a float cannot hold it; otherwise empty. */
  get text(): string {
    this.#subscribe();
    return this.#table.text(this.view.index);
  }

  /** Whether the tag holds anything at all. */
  get present(): boolean {
    this.#subscribe();
    return this.#table.kind(this.view.index) !== KIND.none;
  }

  /** Time of the source in milliseconds since the epoch; 0 before the first value. */
  get time(): number {
    this.#subscribe();
    return this.#table.time(this.view.index);
  }

  /** The quality code; stale at best while the screen itself is not alive. */
  get quality(): number {
    this.#subscribe();
    const code = this.#table.quality(this.view.index);
    return this.#pulse.alive || code >>> 30 === 2 ? code : STALE;
  }

  get severity(): Severity {
    return severity(this.quality);
  }
}
