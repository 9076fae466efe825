import type { ActedOn, ActiveAlarm, RefusedAct, SuppressedAlarm } from '../../contract/contract';
import { callError, type CallError, type Host } from '../../host/host';

/** What can be done to alarms here. */
export type Act = 'acknowledge' | 'confirm' | 'reset' | 'note' | 'shelve' | 'unshelve' | 'outOfService' | 'inService';

/** An alarm, or an occurrence of one, that something is done to. */
export interface Subject {
  /** The occurrence, or the alarm's id where the act is on the alarm. */
  target: string;
  /** When the occurrence was last announced as it is shown; what is announced later is not acknowledged with it. */
  announcedAt: number | null;
  priority: number;
  message: string;
  equipment: string | null;
}

/** How long to shelve. */
export interface Shelf {
  minutes: number;
  oneShot: boolean;
}

/** What the window begins with, where the alarm itself gives the reason. */
export interface Suggestion {
  note: string;
  minutes: number;
}

/** What shelving may take, in minutes; an alarm may allow less. */
export const SHELF_MINUTES: readonly number[] = [15, 60, 240, 480];

/** The contract takes so many at once. */
const MOST_AT_ONCE = 1_000;

/** Acts that need a reason said. */
const NEEDS_NOTE: readonly Act[] = ['note', 'shelve', 'outOfService'];

/** Where the act that is being asked for stands. */
type Phase = 'asking' | 'writing' | 'refused' | 'failed';

/** The one window in which something is done to alarms, from whichever screen it is asked for. */
class Acts {
  act = $state<Act>('acknowledge');
  /** What it is about; empty while nothing is asked for. */
  subjects = $state.raw<readonly Subject[]>([]);
  /** What may be said and chosen already; null where nothing is. */
  suggestion = $state.raw<Suggestion | null>(null);
  phase = $state<Phase>('asking');
  refused = $state.raw<readonly RefusedAct[]>([]);
  failure = $state.raw<CallError | null>(null);
  /** How many are on disk. */
  done = $state(0);

  /** Whether something has to be said before it can be done. */
  readonly needsNote = $derived(NEEDS_NOTE.includes(this.act));

  /** Opens the window for these; nothing happens where none of them can take the act. */
  ask(act: Act, subjects: readonly Subject[], suggestion: Suggestion | null = null): void {
    if (subjects.length === 0 || this.phase === 'writing') return;
    this.act = act;
    this.suggestion = suggestion;
    this.subjects = subjects;
    this.phase = 'asking';
    this.refused = [];
    this.failure = null;
    this.done = 0;
  }

  close(): void {
    if (this.phase !== 'writing') this.subjects = [];
  }

  /** Does it. The window closes once everything is on disk; what was refused or failed stays in it with its reason. */
  async confirm(host: Host, note: string, shelf: Shelf): Promise<void> {
    if (this.phase === 'writing') return;
    this.phase = 'writing';
    const refused: RefusedAct[] = [];
    this.done = 0;
    try {
      for (let at = 0; at < this.subjects.length; at += MOST_AT_ONCE) {
        const answer = await call(host, this.act, this.subjects.slice(at, at + MOST_AT_ONCE), note, shelf);
        this.done += answer.done.length;
        refused.push(...answer.refused);
      }
      this.refused = refused;
      this.phase = refused.length > 0 ? 'refused' : 'asking';
      if (refused.length === 0) this.subjects = [];
    } catch (thrown) {
      this.failure = callError(thrown);
      this.phase = 'failed';
    }
  }
}

function call(host: Host, act: Act, subjects: readonly Subject[], note: string, shelf: Shelf): Promise<ActedOn> {
  const targets = subjects.map((each) => each.target);
  const seen = subjects.flatMap(({ announcedAt }) => (announcedAt === null ? [] : [announcedAt]));
  switch (act) {
    case 'acknowledge':
      return host.call('alarm_acknowledge', { occurrences: targets, announcedAt: seen, note });
    case 'confirm':
      return host.call('alarm_confirm', { occurrences: targets, announcedAt: seen, note });
    case 'reset':
      return host.call('alarm_reset', { occurrences: targets, announcedAt: seen, note });
    case 'note':
      return host.call('alarm_note', { occurrences: targets, announcedAt: seen, note });
    case 'shelve':
      return host.call('alarm_shelve', { alarms: targets, note, ...shelf });
    case 'unshelve':
      return host.call('alarm_unshelve', { alarms: targets, note });
    case 'outOfService':
      return host.call('alarm_out_of_service', { alarms: targets, note });
    case 'inService':
      return host.call('alarm_in_service', { alarms: targets, note });
  }
}

export const acts = new Acts();

/** Occurrences, for an act on them. */
export function occurrencesOf(alarms: readonly ActiveAlarm[]): Subject[] {
  return alarms.map(({ occurrence, announcedAt, priority, message, equipment }) => ({
    target: occurrence,
    announcedAt,
    priority,
    message,
    equipment,
  }));
}

/** The alarms behind occurrences or suppressed alarms, each once, for an act on the alarm. */
export function alarmsOf(alarms: readonly (ActiveAlarm | SuppressedAlarm)[]): Subject[] {
  const each = new Map(
    alarms.map(({ alarm, priority, message, equipment }) => [
      alarm,
      { target: alarm, announcedAt: null, priority, message, equipment },
    ]),
  );
  return [...each.values()];
}

/** Whether a reset would mean anything: the cause is gone and somebody has taken notice. */
export function canReset(alarm: ActiveAlarm): boolean {
  return alarm.state === 'latchedAcked';
}

/** Whether somebody may say that what the alarm asks for was done. */
export function canConfirm(alarm: ActiveAlarm): boolean {
  const seen = alarm.state === 'acked' || alarm.state === 'latchedAcked' || alarm.state === 'rtnUnconfirmed';
  return alarm.needsConfirmation && seen;
}
