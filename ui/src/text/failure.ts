import type { CallError } from '../host/host';
import { words } from './words.svelte';

/** A failed call in words: what it means by its code, what the engine said, and where the log has the rest. */
export function failureWords(failure: CallError): string {
  const t = words.t.errors;
  return [t[failure.code], failure.message, failure.id === '' ? '' : t.withId(failure.id)]
    .filter((each) => each !== '')
    .join(' ');
}

/**
 * Why the engine refused something: it says so itself, with what to do. Only where it did not answer, or something went
 * wrong inside of it, there is more to say.
 */
export function refusalWords(failure: CallError): string {
  const isSaid = failure.id !== '' && failure.message !== '' && failure.code !== 'internal';
  return isSaid ? failure.message.charAt(0).toUpperCase() + failure.message.slice(1) : failureWords(failure);
}
