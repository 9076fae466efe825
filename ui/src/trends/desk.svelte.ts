import type { TagView } from '../contract/contract';
import { route } from '../frame/route.svelte';
import type { PlantIndex } from '../live/plant-index';
import type { Fit, Sharing } from './axes';
import { drawable, pensFor, toggledPen, withoutPen, withPen, type Pen } from './pens';
import { lengthOf, live, moved, sameView, settled, spanOf, still, zoomed, type Span, type View } from './span';
import { readTrendAddress, trendHash } from './trend-hash';

/** WebKit refuses an address that changes more than a hundred times in half a minute. */
const WRITE_MS = 500;
/** Turns of the wheel closer together than this are one step to undo. */
const STEP_MS = 800;
const MOST_STEPS = 50;
/** So many pens are chosen for somebody who has not chosen yet. */
const FIRST_PENS = 4;

/** The address that was shown last, so that coming back to the screen comes back to the same trend. */
let lastQuery = '';

/**
 * What a person is doing with the Trends screen: which pens, which stretch of time, how they are drawn. The address holds
 * pens and stretch; this keeps the two in step and knows the steps back.
 */
export class Desk {
  pens = $state.raw<readonly Pen[]>([]);
  view = $state.raw<View>(live(0));
  /** Ids that the address names and the plant does not have. */
  missing = $state.raw<readonly string[]>([]);
  sharing = $state<Sharing>('unit');
  fit = $state<Fit>('data');
  /** The tag whose limits and normal band are drawn. */
  focused = $state<number | null>(null);
  pinned = $state<number | null>(null);
  pointer = $state<number | null>(null);
  steps = $state.raw<readonly View[]>([]);

  readonly #now: () => number;
  #home = live(0);
  #written: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stepAt = -Infinity;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes what an address says, unless it is what this desk wrote there itself. */
  read(query: string, plant: PlantIndex): void {
    if (query === this.#written) return;
    if (query === '' && this.#written !== null) {
      // The rail leads to the screen one is on: nothing changes.
      this.#write();
      return;
    }
    const wanted = query === '' && lastQuery !== '' ? lastQuery : query;
    const address = readTrendAddress(new URLSearchParams(wanted), this.#now());
    const tags: TagView[] = [];
    const missing: string[] = [];
    for (const id of address.pens) {
      const tag = plant.tagsById.get(id);
      if (tag === undefined || !drawable(tag)) missing.push(id);
      else tags.push(tag);
    }
    this.pens = pensFor(address.pens.length > 0 ? tags : firstTags(plant), this.pens);
    this.missing = missing;
    this.view = address.view;
    this.#home = address.view.kind === 'live' ? address.view : live(Math.max(lengthOf(address.view), 60_000));
    this.steps = [];
    this.pinned = null;
    this.#keepFocus();
    this.#write();
  }

  /** Puts the tags of a newly activated plant in place of the old ones. */
  adopt(plant: PlantIndex): void {
    const tags = this.pens.map((pen) => plant.tagsById.get(pen.tag.id)).filter((tag) => tag !== undefined);
    this.pens = pensFor(tags, this.pens);
    this.#keepFocus();
  }

  /** Lets go of the address; the trend is remembered for the next time. */
  leave(): void {
    clearTimeout(this.#timer);
    lastQuery = this.#query();
  }

  get span(): Span {
    return spanOf(this.view, this.#now());
  }

  /** Shows a stretch somebody drew, turned or dragged to. A view that stands still stays so until it is sent back to live. */
  show(span: Span): void {
    this.#go(this.view.kind === 'live' ? settled(span, this.#now()) : still(span, this.#now()));
  }

  zoom(at: number, factor: number): void {
    this.show(zoomed(this.span, at, factor));
  }

  move(share: number): void {
    this.show(moved(this.span, share));
  }

  /** Follows the clock over the last `length` milliseconds. */
  follow(length: number): void {
    this.#home = live(length);
    this.#go(this.#home);
  }

  back(): void {
    this.pinned = null;
    this.#go(this.#home);
  }

  /** Stands still where it is, or follows the clock again. */
  toggleLive(): void {
    if (this.view.kind === 'live') this.#go({ kind: 'still', ...rounded(this.span) });
    else this.back();
  }

  undo(): void {
    const before = this.steps.at(-1);
    if (before === undefined) return;
    this.steps = this.steps.slice(0, -1);
    this.view = before;
    this.#stepAt = -Infinity;
    this.#write();
  }

  add(tag: TagView): void {
    this.pens = withPen(this.pens, tag);
    this.focused ??= tag.index;
    this.#write();
  }

  remove(tag: number): void {
    this.pens = withoutPen(this.pens, tag);
    this.#keepFocus();
    this.#write();
  }

  toggle(tag: number): void {
    this.pens = toggledPen(this.pens, tag);
  }

  /** Draws limits and normal band of the pen after the one that has them now. */
  focusNext(): void {
    const at = this.pens.findIndex((pen) => pen.tag.index === this.focused);
    this.focused = this.pens[(at + 1) % Math.max(1, this.pens.length)]?.tag.index ?? null;
  }

  /** Sets the standing cursor, or takes it away. */
  pin(at: number | null): void {
    this.pinned = at;
  }

  #go(view: View): void {
    if (sameView(view, this.view)) return;
    const now = performance.now();
    if (now - this.#stepAt > STEP_MS) this.steps = [...this.steps, this.view].slice(-MOST_STEPS);
    this.#stepAt = now;
    this.view = view;
    this.#write();
  }

  #keepFocus(): void {
    if (this.pens.some((pen) => pen.tag.index === this.focused)) return;
    this.focused = this.pens[0]?.tag.index ?? null;
  }

  #query(): string {
    const ids = this.pens.map((pen) => pen.tag.id);
    return trendHash(ids, this.view).split('?')[1] ?? '';
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      // Somebody may have gone elsewhere a moment ago: the address is theirs then.
      if (!location.hash.startsWith('#/trends')) return;
      const query = this.#query();
      this.#written = new URLSearchParams(query).toString();
      route.replace(`#/trends?${query}`);
    }, WRITE_MS);
  }
}

/** The first thing to look at: the speeds of the first machines, in order of flow. */
function firstTags(plant: PlantIndex): TagView[] {
  const speeds = plant.machines
    .map((machine) => plant.role(machine.id, 'speed'))
    .filter((tag) => tag !== undefined && drawable(tag));
  const tags = speeds.length > 0 ? speeds : plant.tags.filter(drawable);
  return tags.slice(0, FIRST_PENS).filter((tag) => tag !== undefined);
}

function rounded(span: Span): Span {
  return { from: Math.round(span.from), to: Math.round(span.to) };
}
