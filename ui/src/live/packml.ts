/** What a machine's state means at a glance; each is one shape on the screen. */
export type StateShape = 'running' | 'acting' | 'waiting' | 'held' | 'suspended' | 'stopped' | 'aborted' | 'unknown';

/** The states of PackML (ISA-TR88.00.02) by number, as controllers send them. */
const BY_NUMBER: readonly string[] = [
  'Undefined',
  'Clearing',
  'Stopped',
  'Starting',
  'Idle',
  'Suspended',
  'Execute',
  'Stopping',
  'Aborting',
  'Aborted',
  'Holding',
  'Held',
  'Unholding',
  'Suspending',
  'Unsuspending',
  'Resetting',
  'Completing',
  'Complete',
];

const SHAPES: Record<string, StateShape> = {
  Execute: 'running',
  Idle: 'waiting',
  Complete: 'waiting',
  Held: 'held',
  Suspended: 'suspended',
  Stopped: 'stopped',
  Aborted: 'aborted',
  Undefined: 'unknown',
};

const BY_LOWER = new Map(BY_NUMBER.map((each) => [each.toLowerCase(), each]));

/** The PackML word of a state that came as a word or as a number; what is neither stays as it came. */
export function stateWord(text: string, value: number): string {
  if (text !== '') return BY_LOWER.get(text.toLowerCase()) ?? text;
  return Number.isInteger(value) ? (BY_NUMBER[value] ?? '') : '';
}

/** The shape of a state word; a state on the way to another is `acting`. */
export function stateShape(word: string): StateShape {
  if (word === '') return 'unknown';
  return SHAPES[word] ?? (BY_LOWER.has(word.toLowerCase()) ? 'acting' : 'unknown');
}
