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
