import type { Pattern } from './tones';

/**
 * Whether the web view can be heard. `blocked`: it wants a click or a key before it makes a sound. `absent`: there is nothing
 * to make a sound with. `unknown`: nothing was tried yet.
 */
export type Audibility = 'unknown' | 'ready' | 'blocked' | 'absent';

/** A tone swells and fades for so long, seconds: an edge would click. */
const EDGE = 0.01;
/** A device whose clock stands still for so long while it is said to run is none, milliseconds. */
const STUCK_MS = 2_000;

/** Plays horns through Web Audio. It holds no sounds: every tone is calculated. */
export class Speaker {
  #context: AudioContext | null = null;
  #playing: OscillatorNode[] = [];
  #moved = { at: 0, time: 0 };
  #failed = false;

  /** What the device is, as far as it can be told. */
  audibility(): Audibility {
    if (typeof AudioContext === 'undefined' || this.#failed) return 'absent';
    const context = this.#context;
    if (context === null) return 'unknown';
    if (context.state !== 'running') return 'blocked';
    return this.#isStuck(context) ? 'absent' : 'ready';
  }

  /** Opens the device, or asks once more for leave to use it; to be called from a click or a key as well. */
  wake(): void {
    if (typeof AudioContext === 'undefined') return;
    try {
      this.#context ??= this.#open();
    } catch {
      this.#failed = true;
      return;
    }
    // Where it needs a gesture first, it stays as it is until there is one, and `audibility` says so.
    if (this.#context.state !== 'running') void this.#context.resume().catch(() => undefined);
  }

  /** Plays a horn once. `volume` is 0 to 1. */
  play(pattern: Pattern, volume: number): void {
    this.stop();
    this.wake();
    const context = this.#context;
    // Tones for a device that sleeps would all come at once when it wakes.
    if (context?.state !== 'running') return;
    for (const tone of pattern.tones)
      this.#sound(context, tone.hertz, context.currentTime + tone.at, tone.seconds, volume);
  }

  /** Ends what is being played. */
  stop(): void {
    for (const tone of this.#playing) tone.stop();
    this.#playing = [];
  }

  /** Gives the device back. */
  close(): void {
    this.stop();
    void this.#context?.close();
    this.#context = null;
  }

  #open(): AudioContext {
    const context = new AudioContext();
    context.addEventListener('error', () => (this.#failed = true));
    return context;
  }

  #sound(context: AudioContext, hertz: number, at: number, seconds: number, volume: number): void {
    const tone = context.createOscillator();
    const loudness = context.createGain();
    // A triangle has overtones that carry through noise, and is not as harsh as a square.
    tone.type = 'triangle';
    tone.frequency.value = hertz;
    loudness.gain.setValueAtTime(0, at);
    loudness.gain.linearRampToValueAtTime(volume, at + EDGE);
    loudness.gain.setValueAtTime(volume, at + seconds - EDGE);
    loudness.gain.linearRampToValueAtTime(0, at + seconds);
    tone.connect(loudness).connect(context.destination);
    tone.start(at);
    tone.stop(at + seconds);
    this.#playing.push(tone);
  }

  #isStuck(context: AudioContext): boolean {
    const now = performance.now();
    if (this.#moved.at === 0 || context.currentTime !== this.#moved.time) {
      this.#moved = { at: now, time: context.currentTime };
    }
    return now - this.#moved.at > STUCK_MS;
  }
}

/**
 * Whether the browser lists something to hear with; null where it does not tell. Only browsers that let a page choose where
 * sound goes list outputs without being asked to.
 */
export async function listsOutput(): Promise<boolean | null> {
  const devices = (navigator as Partial<Navigator>).mediaDevices;
  if (devices === undefined || typeof AudioContext === 'undefined' || !('sinkId' in AudioContext.prototype))
    return null;
  try {
    return (await devices.enumerateDevices()).some((device) => device.kind === 'audiooutput');
  } catch {
    return null;
  }
}
