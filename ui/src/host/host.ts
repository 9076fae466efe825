import type { Command, Commands } from '../contract/commands';

/** What a pull of live values asks for. */
export interface FrameRequest {
  /** The plant revision the tag numbers belong to. */
  plant: number;
  /** The revision of the last frame that was applied; 0 asks for every row. */
  since: number;
  /** The tags on the screen. */
  tags: number[];
}

/**
 * The one seam between the screens and whatever runs the engine. There is one implementation for the desktop window,
 * one for a browser, and one in memory for tests. `call` and `frame` reject with a `CallError` and with nothing else.
 */
export interface Host {
  /** Runs a command of the contract. */
  call<C extends Command>(command: C, request: Commands[C]['request']): Promise<Commands[C]['answer']>;
  /** Pulls what changed among the tags asked for; the bytes are those that `live/frame.ts` reads. */
  frame(request: FrameRequest): Promise<ArrayBuffer>;
  /** Whether this machine has something to make a sound with; null where the host cannot tell. */
  hasSound(): Promise<boolean | null>;
  /** Asks for leave to show messages of the desktop, and says whether it was given; to be called from a click. */
  mayAnnounce(): Promise<boolean>;
  /** Shows a message of the desktop, beside the page. That it could not be shown is no failure. */
  announce(title: string, text: string): Promise<void>;
}

/** Why a call failed. Screens branch on this and on nothing else. */
export type ErrorCode = 'denied' | 'invalid' | 'notFound' | 'storage' | 'unavailable' | 'internal';

const CODES: readonly string[] = ['denied', 'invalid', 'notFound', 'storage', 'unavailable', 'internal'];

/** A call that failed. `message` is for people, `id` finds the whole chain in the log. */
export class CallError extends Error {
  override readonly name = 'CallError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly id: string = '',
  ) {
    super(message);
  }
}

/** Makes a `CallError` of whatever a transport threw: the contract's error object, or something the transport said. */
export function callError(thrown: unknown): CallError {
  if (thrown instanceof CallError) return thrown;
  if (typeof thrown === 'object' && thrown !== null) {
    const { code, message, id } = thrown as { code?: unknown; message?: unknown; id?: unknown };
    const words = typeof message === 'string' ? message : '';
    if (typeof code === 'string' && CODES.includes(code)) {
      return new CallError(code as ErrorCode, words, typeof id === 'string' ? id : '');
    }
    return new CallError('unavailable', words);
  }
  return new CallError('unavailable', typeof thrown === 'string' ? thrown : '');
}
