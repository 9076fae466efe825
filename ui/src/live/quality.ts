/** The three severities of a quality code, and the one state that is named apart: known once, silent now. */
export type Severity = 'good' | 'uncertain' | 'bad' | 'stale';

/** Last usable value, the source is silent (`Uncertain_NoCommunicationLastUsableValue` of OPC UA Part 8). */
export const STALE = 0x408f0000;
/** Nothing has come yet (`Bad_WaitingForInitialData`). */
export const WAITING = 0x80320000;
/** Good without a limit. */
export const GOOD = 0;

/** How far a value with this quality code can be trusted: the top two bits of the code, stale named apart. */
export function severity(code: number): Severity {
  switch (code >>> 30) {
    case 0:
      return 'good';
    case 1:
      // Limit and info bits of the lower half do not change what the code means.
      return (code & 0xffff0000) >>> 0 === STALE ? 'stale' : 'uncertain';
    default:
      return 'bad';
  }
}

const RANK: Record<Severity, number> = { good: 0, uncertain: 1, stale: 2, bad: 3 };

/** The worst of several severities; good when there is none. */
export function worst(severities: Iterable<Severity>): Severity {
  let found: Severity = 'good';
  for (const each of severities) if (RANK[each] > RANK[found]) found = each;
  return found;
}
