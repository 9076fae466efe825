import { stored } from './stored';

/** Light, dark, or whatever the system is set to. */
export type Theme = 'system' | 'light' | 'dark';

const ORDER: readonly Theme[] = ['system', 'light', 'dark'];

/** The theme of the screens. What is drawn follows `dark`; what a person chose is `choice`. */
class Look {
  #choice = $state<Theme>(chosen());
  #systemDark = $state(false);

  constructor() {
    const query = matchMedia('(prefers-color-scheme: dark)');
    this.#systemDark = query.matches;
    query.addEventListener('change', () => {
      this.#systemDark = query.matches;
      this.#show();
    });
    this.#show();
  }

  get choice(): Theme {
    return this.#choice;
  }

  /** Whether the dark theme is on the screen. Reactive: a canvas draws anew when it changes. */
  get dark(): boolean {
    return this.#choice === 'dark' || (this.#choice === 'system' && this.#systemDark);
  }

  /** The next choice in the round system, light, dark. */
  turn(): void {
    this.#choice = ORDER[(ORDER.indexOf(this.#choice) + 1) % ORDER.length] ?? 'system';
    stored.write('theme', this.#choice);
    this.#show();
  }

  #show(): void {
    document.documentElement.dataset['theme'] = this.dark ? 'dark' : 'light';
  }
}

function chosen(): Theme {
  const kept = stored.read('theme');
  return ORDER.find((each) => each === kept) ?? 'system';
}

export const look = new Look();
