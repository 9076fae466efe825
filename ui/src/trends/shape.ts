/**
 * How the samples of a tag are joined: a number glides from one to the next, a switch or a counter jumps, and what was
 * recorded by a swinging door is the straight line all the way.
 */
export type Shape = 'line' | 'step' | 'slope';

/**
 * A gateway sends a number when it has moved by more than its deadband, so until shortly before the next sample the last
 * one still stood. A straight line across a long silence would tell of a slope that never was.
 */
const GLIDE_MS = 2_000;

/** When the value of a sample at `start` begins to move towards that of the next one at `end`. */
export function glideFrom(start: number, end: number, shape: Shape): number {
  switch (shape) {
    case 'line':
      return Math.max(start, end - GLIDE_MS);
    case 'step':
      return end;
    case 'slope':
      return start;
  }
}
