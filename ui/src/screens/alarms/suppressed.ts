import type { SuppressedAlarm } from '../../contract/contract';

/** One thing that keeps an alarm from being announced. */
export interface Reason {
  how: 'shelved' | 'oneShot' | 'design' | 'service';
  /** Who, and where; empty for a rule of the plant. */
  who: string;
  why: string;
  since: number | null;
  /** When it ends by itself at the latest. */
  until: number | null;
}

/** Everything that keeps an alarm from being announced, as a row each. */
export function reasonsOf(alarm: SuppressedAlarm): Reason[] {
  const { shelved, byDesign, outOfService } = alarm;
  const reasons: Reason[] = [];
  if (shelved !== null) {
    reasons.push({
      how: alarm.oneShot ? 'oneShot' : 'shelved',
      who: `${shelved.user}, ${shelved.station}`,
      why: shelved.note,
      since: shelved.at,
      until: alarm.shelvedUntil,
    });
  }
  if (outOfService !== null) {
    reasons.push({
      how: 'service',
      who: `${outOfService.user}, ${outOfService.station}`,
      why: outOfService.note,
      since: outOfService.at,
      until: null,
    });
  }
  if (byDesign !== null) {
    reasons.push({ how: 'design', who: '', why: byDesign, since: alarm.byDesignSince, until: null });
  }
  return reasons;
}

/** The engine's words for an alarm that the first of its group suppresses: the group, and the id of the first one. */
export function firstOutOf(rule: string): { group: string; alarm: string } | null {
  const found = /^first-out of group (\S+): alarm (.+)$/.exec(rule);
  return found?.[1] === undefined || found[2] === undefined ? null : { group: found[1], alarm: found[2] };
}
