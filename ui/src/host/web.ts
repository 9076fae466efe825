import type { Command, Commands } from '../contract/commands';
import { CallError, callError, type FrameRequest, type Host } from './host';

/** No answer of the engine takes longer than this; a connection that hangs is one that failed. */
const TIMEOUT_MS = 15_000;
/** But for what waits for a device in the plant. */
const LONG_MS: { [C in Command]?: number } = { gateway_browse: 70_000, tag_write: 30_000 };

/** The engine behind the web host: two routes on this page's own origin, with the session's cookie. */
export function webHost(): Host {
  return {
    async call<C extends Command>(command: C, request: Commands[C]['request']): Promise<Commands[C]['answer']> {
      const response = await post(`/api/call/${command}`, request, LONG_MS[command]);
      const json = (response.headers.get('content-type') ?? '').startsWith('application/json');
      return (json ? response.json() : response.arrayBuffer()) as Promise<Commands[C]['answer']>;
    },
    async frame(request: FrameRequest): Promise<ArrayBuffer> {
      return (await post('/api/frame', request)).arrayBuffer();
    },
    // The page may be on another machine than the engine: what it can be heard with, only the browser knows.
    hasSound: () => Promise.resolve(null),
    async mayAnnounce(): Promise<boolean> {
      return 'Notification' in globalThis && (await Notification.requestPermission()) === 'granted';
    },
    announce(title: string, text: string): Promise<void> {
      // The tag lets a message take the place of the one before.
      if ('Notification' in globalThis && Notification.permission === 'granted') {
        new Notification(title, { body: text, tag: 'andon' });
      }
      return Promise.resolve();
    },
  };
}

async function post(url: string, body: unknown, timeout = TIMEOUT_MS): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      credentials: 'same-origin',
      cache: 'no-store',
      signal: AbortSignal.timeout(timeout),
    });
  } catch (thrown) {
    throw new CallError('unavailable', thrown instanceof Error ? thrown.message : '');
  }
  if (response.ok) return response;
  throw await refusal(response);
}

async function refusal(response: Response): Promise<CallError> {
  try {
    return callError(await response.json());
  } catch {
    // Whatever stood in between did not answer in the contract's words.
    return new CallError('unavailable', `${response.status} ${response.statusText}`);
  }
}
