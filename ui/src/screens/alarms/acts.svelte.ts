import type { ActedOn, ActiveAlarm, RefusedOccurrence } from '../../contract/contract';
import { callError, type CallError, type Host } from '../../host/host';

/** What can be done to alarms here. */
export type Act = 'acknowledge' | 'reset';

/** The contract takes so many occurrences at once. */
const MOST_AT_ONCE = 1_000;

/** Where the act that is being asked for stands. */
type Phase = 'asking' | 'writing' | 'refused' | 'failed';

/** The one window in which alarms are acknowledged and reset, from whichever screen it is asked for. */
class Acts {
  act = $state<Act>('acknowledge');
  /** What it is about; empty while nothing is asked for. */
  alarms = $state.raw<readonly ActiveAlarm[]>([]);
  phase = $state<Phase>('asking');
  refused = $state.raw<readonly RefusedOccurrence[]>([]);
  failure = $state.raw<CallError | null>(null);
  /** How many are on disk. */
  done = $state(0);

  /** Opens the window for these; nothing happens where none of them can take the act. */
  ask(act: Act, alarms: readonly ActiveAlarm[]): void {
    if (alarms.length === 0 || this.phase === 'writing') return;
    this.act = act;
    this.alarms = alarms;
    this.phase = 'asking';
    this.refused = [];
    this.failure = null;
    this.done = 0;
  }

  close(): void {
    if (this.phase !== 'writing') this.alarms = [];
  }

  /** Does it. The window closes once everything is on disk; what was refused or failed stays in it with its reason. */
  async confirm(host: Host, note: string): Promise<void> {
    if (this.phase === 'writing') return;
    this.phase = 'writing';
    const command = this.act === 'acknowledge' ? 'alarm_acknowledge' : 'alarm_reset';
    const refused: RefusedOccurrence[] = [];
    this.done = 0;
    try {
      for (let at = 0; at < this.alarms.length; at += MOST_AT_ONCE) {
        const occurrences = this.alarms.slice(at, at + MOST_AT_ONCE).map((each) => each.occurrence);
        const answer: ActedOn = await host.call(command, { occurrences, note });
        this.done += answer.done.length;
        refused.push(...answer.refused);
      }
      this.refused = refused;
      this.phase = refused.length > 0 ? 'refused' : 'asking';
      if (refused.length === 0) this.alarms = [];
    } catch (thrown) {
      this.failure = callError(thrown);
      this.phase = 'failed';
    }
  }
}

export const acts = new Acts();

/** Whether a reset would mean anything: the cause is gone and somebody has taken notice. */
export function canReset(alarm: ActiveAlarm): boolean {
  return alarm.state === 'latchedAcked';
}
