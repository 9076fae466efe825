import { stored } from './stored';

/** A key and what it does. */
export interface Key {
  /** As `KeyboardEvent.key` names it; a letter is written small, with Shift it is written large. */
  key: string;
  /** What it does, for the help; a getter, so that it follows the language. */
  readonly label: string;
  run: () => void;
}

/** Keys that hold while a screen is open, under one heading of the help. */
export interface KeyGroup {
  readonly title: string;
  readonly keys: readonly Key[];
}

/**
 * The keys of the screens that are open. Keys of one sign can be switched off (WCAG 2.1.4), and never act while something
 * is being typed.
 */
class Keys {
  #groups = $state.raw<readonly KeyGroup[]>([]);
  #single = $state(stored.read('singleKeys') !== 'off');

  get groups(): readonly KeyGroup[] {
    return this.#groups;
  }

  /** Whether keys of one sign act. */
  get single(): boolean {
    return this.#single;
  }

  set single(on: boolean) {
    this.#single = on;
    stored.write('singleKeys', on ? 'on' : 'off');
  }

  /** Adds a screen's keys until the returned function is called. */
  use(group: KeyGroup): () => void {
    this.#groups = [...this.#groups, group];
    return () => {
      this.#groups = this.#groups.filter((each) => each !== group);
    };
  }

  /** Does what the key says, the newest group first. For `keydown` on the window. */
  press(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    if (typing(event.target) || (event.key.length === 1 && !this.#single)) return;
    for (const group of this.#groups.toReversed()) {
      const found = group.keys.find((each) => each.key === event.key);
      if (found === undefined) continue;
      event.preventDefault();
      found.run();
      return;
    }
  }
}

/** Whether keys belong to the element: it is being typed into, or it lies in a dialog, which has keys of its own. */
function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'button'].includes(target.type);
  return target.closest('textarea, select, [contenteditable], [role="dialog"]') !== null;
}

export const keys = new Keys();
