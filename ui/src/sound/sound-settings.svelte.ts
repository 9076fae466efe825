import { stored } from '../frame/stored';
import { PRIORITIES, type Priority } from './horn';

/** So loud as long as nobody says otherwise. */
const VOLUME = 0.6;
/** A horn that is on can be heard. */
export const QUIETEST = 0.05;

/** How this station sounds. Every priority has a horn until somebody at this station switches it off. */
class SoundSettings {
  #volume = $state(volumeOf(stored.read('hornVolume')));
  #off = $state.raw<ReadonlySet<Priority>>(offOf(stored.read('hornOff')));
  #desktop = $state(stored.read('desktopMessages') === 'on');

  /** 0.05 to 1. */
  get volume(): number {
    return this.#volume;
  }

  set volume(volume: number) {
    this.#volume = bounded(volume);
    stored.write('hornVolume', String(this.#volume));
  }

  /** Whether a priority has a horn here. */
  isOn(priority: Priority): boolean {
    return !this.#off.has(priority);
  }

  turn(priority: Priority, on: boolean): void {
    const off = new Set(this.#off);
    if (on) off.delete(priority);
    else off.add(priority);
    this.#off = off;
    stored.write('hornOff', [...off].sort().join(' '));
  }

  /** Whether a new alarm is also shown as a message of the desktop while the page is not in front. */
  get desktop(): boolean {
    return this.#desktop;
  }

  set desktop(on: boolean) {
    this.#desktop = on;
    stored.write('desktopMessages', on ? 'on' : 'off');
  }
}

function bounded(volume: number): number {
  return Number.isFinite(volume) ? Math.min(1, Math.max(QUIETEST, volume)) : VOLUME;
}

function volumeOf(text: string | null): number {
  return text === null ? VOLUME : bounded(Number(text));
}

function offOf(text: string | null): ReadonlySet<Priority> {
  const words = new Set((text ?? '').split(' '));
  return new Set(PRIORITIES.filter((priority) => words.has(String(priority))));
}

export const soundSettings = new SoundSettings();
