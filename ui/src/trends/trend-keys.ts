import type { Key, KeyGroup } from '../frame/keys.svelte';
import type { Desk } from './desk.svelte';
import { LENGTHS } from './span';
import { trendText } from './text';

type Label = Exclude<keyof ReturnType<typeof trendText>['keys'], 'title' | 'length'>;

/** What the keys do that is not the desk's own. */
export interface Acts {
  pens(): void;
  picture(): void;
  data(): void;
  /** Moves the pointer's line by so many steps; negative is to the left. */
  point(steps: number): void;
}

/** How far a key moves or zooms. */
const MOVE = 0.1;
const ZOOM = 1.5;

/** The keys of the Trends screen. */
export function trendKeys(desk: Desk, acts: Acts): KeyGroup {
  const middle = (): number => desk.pointer ?? (desk.span.from + desk.span.to) / 2;
  return {
    get title() {
      return trendText().keys.title;
    },
    keys: [
      key('p', 'pens', acts.pens),
      key('l', 'live', () => desk.toggleLive()),
      key('ArrowLeft', 'earlier', () => desk.move(-MOVE)),
      key('ArrowRight', 'later', () => desk.move(MOVE)),
      key('+', 'closer', () => desk.zoom(middle(), 1 / ZOOM)),
      key('-', 'wider', () => desk.zoom(middle(), ZOOM)),
      key('z', 'undo', () => desk.undo()),
      ...LENGTHS.map(({ name, length }, i) => ({
        key: String(i + 1),
        get label() {
          const t = trendText();
          return t.keys.length(t.lengths[name]);
        },
        run: () => desk.follow(length),
      })),
      key('f', 'focusNext', () => desk.focusNext()),
      key(',', 'cursorLeft', () => acts.point(-1)),
      key('.', 'cursorRight', () => acts.point(1)),
      key('s', 'cursorSet', () => desk.pin(desk.pinned === null ? middle() : null)),
      key('x', 'axes', () => (desk.sharing = desk.sharing === 'unit' ? 'own' : 'unit')),
      key('y', 'fit', () => (desk.fit = desk.fit === 'data' ? 'range' : 'data')),
      key('e', 'picture', acts.picture),
      key('d', 'data', acts.data),
    ],
  };
}

function key(sign: string, label: Label, run: () => void): Key {
  return {
    key: sign,
    get label() {
      return trendText().keys[label];
    },
    run,
  };
}
