import type { JournalEntry } from '../../contract/contract';

/** One time an alarm was raised, as the journal has it. */
export interface Occurrence {
  occurrence: string;
  raisedAt: number;
  returnedAt: number | null;
  /** Who acknowledged it; empty where nobody did. */
  user: string;
  note: string;
}

/** The occurrences that journal entries of one alarm tell of, newest first, without the one that is looked at. */
export function occurrences(entries: readonly JournalEntry[], except: string): Occurrence[] {
  const found = new Map<string, Occurrence>();
  for (const entry of entries) {
    if (entry.occurrence === null || entry.occurrence === except) continue;
    const one = found.get(entry.occurrence) ?? {
      occurrence: entry.occurrence,
      raisedAt: entry.time,
      returnedAt: null,
      user: '',
      note: '',
    };
    // The moment of raising is the earliest entry there is, should an older page hold the raising itself.
    one.raisedAt = Math.min(one.raisedAt, entry.time);
    if (entry.kind === 'returned') one.returnedAt = entry.time;
    if (entry.kind === 'acknowledged') {
      one.user = entry.user;
      one.note = entry.note;
    }
    found.set(entry.occurrence, one);
  }
  return [...found.values()].sort((a, b) => b.raisedAt - a.raisedAt);
}
