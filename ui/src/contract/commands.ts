import type { Commands, Nothing } from './contract';

export type { Commands } from './contract';

/** The name of a command. */
export type Command = keyof Commands;

/** The request of a command that takes nothing. */
export const NOTHING: Nothing = {};
