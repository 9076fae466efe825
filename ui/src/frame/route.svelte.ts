/** The screens, each with its place in the address. */
export type Screen =
  'overview' | 'machine' | 'trends' | 'alarms' | 'suppressed' | 'journal' | 'performance' | 'connections';

const SCREENS: readonly string[] = [
  'overview',
  'machine',
  'trends',
  'alarms',
  'suppressed',
  'journal',
  'performance',
  'connections',
];

/** Where the page is: a screen, the equipment path of a machine, and what follows the question mark. */
export interface Place {
  screen: Screen;
  /** The machine's equipment path; empty on every other screen. */
  path: string;
  query: string;
}

/** Reads an address' fragment; whatever it does not know is the overview. */
export function parsePlace(hash: string): Place {
  const [path = '', query = ''] = splitOnce(hash.replace(/^#\/?/, ''), '?');
  const [name = '', rest = ''] = splitOnce(path, '/');
  const screen = SCREENS.includes(name) ? (name as Screen) : 'overview';
  return {
    screen,
    path: screen === 'machine' ? rest.split('/').map(decode).join('/') : '',
    query,
  };
}

function splitOnce(text: string, at: string): string[] {
  const found = text.indexOf(at);
  return found < 0 ? [text] : [text.slice(0, found), text.slice(found + 1)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Links to places, so that no screen writes an address by hand. */
export const to = {
  overview: '#/overview',
  alarms: '#/alarms',
  suppressed: '#/suppressed',
  journal: '#/journal',
  performance: '#/performance',
  connections: '#/connections',
  /** The connections with one gateway open. */
  gateway: (id: string): string => `#/connections?gateway=${encodeURIComponent(id)}`,
  trends: '#/trends',
  machine: (path: string): string => `#/machine/${path.split('/').map(encodeURIComponent).join('/')}`,
  /** The active list with one occurrence open in the detail panel. */
  alarm: (occurrence: string): string => `#/alarms?occurrence=${encodeURIComponent(occurrence)}`,
  /** The journal of a machine and what is below it. */
  journalOf: (equipment: string): string => `#/journal?equipment=${encodeURIComponent(equipment)}`,
};

/** Where the page is now; follows the address. */
class Route {
  #place = $state.raw(parsePlace(location.hash));

  constructor() {
    addEventListener('hashchange', () => {
      this.#place = parsePlace(location.hash);
    });
  }

  get place(): Place {
    return this.#place;
  }

  /** Goes somewhere; one step back in the history leads here again. */
  go(hash: string): void {
    location.hash = hash;
  }

  /** Changes what follows the question mark, with no step in the history. */
  replace(hash: string): void {
    history.replaceState(null, '', hash);
    this.#place = parsePlace(hash);
  }
}

export const route = new Route();
