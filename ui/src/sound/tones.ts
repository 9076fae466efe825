import type { Priority } from './horn';

/** One tone of a horn: when it begins within the horn's period, how long it lasts, and its pitch. */
export interface Tone {
  at: number;
  seconds: number;
  hertz: number;
}

/** What is repeated, once in every period, until it is silenced. Times in seconds. */
export interface Pattern {
  tones: readonly Tone[];
  period: number;
}

/**
 * The horns. They differ in pitch, in rhythm and in how often they come, so that they can be told apart by somebody who does
 * not hear pitch well, and beside machines: between 400 and 1,100 Hz, where age takes least. The more urgent, the
 * higher, the faster and the denser.
 */
export const HORNS: Readonly<Record<Priority, Pattern>> = {
  1: { tones: pulses([1047, 784, 1047, 784, 1047, 784], 0.12, 0.14), period: 1.2 },
  2: { tones: pulses([784, 784, 784], 0.18, 0.28), period: 2 },
  3: { tones: pulses([587, 659], 0.3, 0.4), period: 4 },
  4: { tones: pulses([440], 0.4, 0.4), period: 10 },
};

function pulses(pitches: readonly number[], seconds: number, apart: number): Tone[] {
  return pitches.map((hertz, index) => ({ at: index * apart, seconds, hertz }));
}
