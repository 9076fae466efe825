import type { ActiveAlarm } from '../contract/contract';
import { isFlashing } from '../live/alarm-summary';

/** An alarm's priority, 1 the most urgent. */
export type Priority = 1 | 2 | 3 | 4;

export const PRIORITIES: readonly Priority[] = [1, 2, 3, 4];

/** An alarm as far as it can be heard. What is shelved, suppressed or out of service is evaluated and not annunciated. */
export type Heard = Pick<ActiveAlarm, 'occurrence' | 'priority' | 'state' | 'raisedAt' | 'message'> & {
  annunciated?: boolean;
};

/**
 * Whether an alarm calls somebody: it is active or latched, nobody has acknowledged it, and it is annunciated. One that
 * has gone back by itself still waits for its acknowledgement, and calls no more (ISA-18.2, transition 3).
 */
export function isCalling(alarm: Heard): boolean {
  return isFlashing(alarm as ActiveAlarm) && alarm.annunciated !== false;
}

/**
 * Which horn is to be heard at this station, from the alarms as they stand. Silence is of the station alone and changes no
 * alarm (ISA-18.2): it holds for the calls that there were, so that the next one sounds again. However many call, there is
 * one horn, that of the most urgent.
 */
export class Horn {
  /** What calls, by occurrence. */
  #calling: ReadonlyMap<string, Heard> = new Map();
  #silenced: ReadonlySet<string> = new Set();

  /** Takes the alarms as they stand now, and says which of them call anew. */
  follow(alarms: readonly Heard[]): Heard[] {
    const calling = new Map(alarms.filter(isCalling).map((alarm) => [alarm.occurrence, alarm]));
    const fresh = [...calling.values()].filter((alarm) => isAnew(alarm, this.#calling.get(alarm.occurrence)));
    const over = new Set(fresh.map((alarm) => alarm.occurrence));
    this.#silenced = new Set([...this.#silenced].filter((name) => calling.has(name) && !over.has(name)));
    this.#calling = calling;
    return fresh;
  }

  /** Silences every call that there is. */
  silence(): void {
    this.#silenced = new Set(this.#calling.keys());
  }

  /** How many calls are not silenced, whether they have a horn at this station or not. */
  get open(): number {
    return this.#calling.size - this.#silenced.size;
  }

  /** The priority whose horn is to be heard among those that have one here; null for none. */
  priority(audible: (priority: Priority) => boolean): Priority | null {
    let most: Priority | null = null;
    for (const [name, alarm] of this.#calling) {
      const priority = alarm.priority as Priority;
      if (this.#silenced.has(name) || !audible(priority)) continue;
      if (most === null || priority < most) most = priority;
    }
    return most;
  }
}

/** A latched alarm whose cause comes back keeps its name, and calls anew. */
function isAnew(alarm: Heard, before: Heard | undefined): boolean {
  return before === undefined || (before.state === 'latchedUnack' && alarm.state === 'unack');
}
