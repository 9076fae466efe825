import type { CallError } from '../host/host';
import { words } from './words.svelte';

/** A failed call in words: what it means by its code, what the engine said, and where the log has the rest. */
export function failureWords(failure: CallError): string {
  const t = words.t.errors;
  return [t[failure.code], failure.message, failure.id === '' ? '' : t.withId(failure.id)]
    .filter((each) => each !== '')
    .join(' ');
}
