import { invoke } from '@tauri-apps/api/core';

import type { Command, Commands } from '../contract/commands';
import { callError, type FrameRequest, type Host } from './host';

/** Whether this page runs in the desktop window. */
export function inWindow(): boolean {
  return '__TAURI_INTERNALS__' in globalThis;
}

/** The engine behind the desktop window: the contract's two commands, and what only the machine under the window can do. */
export function windowHost(): Host {
  return {
    async call<C extends Command>(command: C, request: Commands[C]['request']): Promise<Commands[C]['answer']> {
      try {
        return await invoke<Commands[C]['answer']>('call', { command, request });
      } catch (thrown) {
        throw callError(thrown);
      }
    },
    async frame(request: FrameRequest): Promise<ArrayBuffer> {
      try {
        return await invoke<ArrayBuffer>('frame', { ...request });
      } catch (thrown) {
        throw callError(thrown);
      }
    },
    hasSound: () => invoke<boolean | null>('has_sound').catch(() => null),
    mayAnnounce: () => Promise.resolve(true),
    announce: (title, text) =>
      invoke('announce', { title, text }).then(
        () => undefined,
        () => undefined,
      ),
  };
}
