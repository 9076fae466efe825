import { stored } from '../frame/stored';
import { de } from './de';
import { en, type Messages } from './en';

/** A language that the screens are complete in. */
export type Language = 'en' | 'de';

const ALL: Record<Language, Messages> = { en, de };

/** The language of the screens: the person's choice, else the web view's. */
class Words {
  #language = $state<Language>(chosen());

  get language(): Language {
    return this.#language;
  }

  set language(language: Language) {
    this.#language = language;
    stored.write('language', language);
    document.documentElement.lang = language;
  }

  /** The messages. Reactive: what shows them changes with the language. */
  get t(): Messages {
    return ALL[this.#language];
  }
}

function chosen(): Language {
  const wish = stored.read('language') ?? navigator.language;
  const language = wish.startsWith('de') ? 'de' : 'en';
  document.documentElement.lang = language;
  return language;
}

export const words = new Words();
