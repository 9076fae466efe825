import type { Station } from '../station.svelte';
import { words } from '../text/words.svelte';
import type { Key, KeyGroup } from './keys.svelte';
import { route, to } from './route.svelte';
import { look } from './theme.svelte';

type Label = keyof typeof words.t.help.keys;

/** A key whose words are those of the help; they follow the language. */
export function key(sign: string, label: Label, run: () => void): Key {
  return {
    key: sign,
    get label() {
      return words.t.help.keys[label];
    },
    run,
  };
}

/** The keys that hold on every screen. */
export function commonKeys(station: Station, help: () => void, sound: () => void): KeyGroup {
  const newest = (): void => {
    const alarm = station.unacknowledged[0];
    route.go(alarm === undefined ? to.alarms : to.alarm(alarm.occurrence));
  };
  const newestMachine = (): void => {
    const equipment = station.unacknowledged[0]?.equipment ?? null;
    if (equipment !== null) route.go(to.machine(equipment));
  };
  return {
    get title() {
      return words.t.help.everywhere;
    },
    keys: [
      key('o', 'overview', () => route.go(to.overview)),
      key('t', 'trends', () => route.go(to.trends)),
      key('a', 'alarms', () => route.go(to.alarms)),
      key('j', 'journal', () => route.go(to.journal)),
      key('P', 'performance', () => route.go(to.performance)),
      key('c', 'connections', () => route.go(to.connections)),
      key('n', 'newest', newest),
      key('N', 'newestMachine', newestMachine),
      key('h', 'silence', () => station.annunciator.silence()),
      key('H', 'sound', sound),
      key('D', 'theme', () => look.turn()),
      key('L', 'language', () => {
        words.language = words.language === 'en' ? 'de' : 'en';
      }),
      key('?', 'help', help),
    ],
  };
}
