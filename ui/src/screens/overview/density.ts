/** How much room a tile has: many machines on one screen stay readable, few use the wall they hang on. */
export type Density = 'large' | 'normal' | 'dense';

/** The density for so many machines on the screen at once. */
export function densityFor(machines: number): Density {
  if (machines <= 14) return 'large';
  return machines <= 60 ? 'normal' : 'dense';
}
