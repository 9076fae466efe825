import type { AlarmView, JournalEntry } from '../contract/contract';

/** Alarms of the drawn tags that were raised close together in time: one mark above the plot. */
export interface AlarmMark {
  /** The newest of them, which a click opens. */
  readonly occurrence: string;
  readonly time: number;
  /** The highest priority among them, 1 to 4. */
  readonly priority: number;
  readonly count: number;
  /** The newest one's message. */
  readonly message: string;
}

/** The raises of alarms that watch one of `tags`, from journal entries in any order; oldest first. */
export function raisesOf(
  entries: readonly JournalEntry[],
  tags: ReadonlySet<number>,
  alarms: ReadonlyMap<string, AlarmView>,
): AlarmMark[] {
  const found: AlarmMark[] = [];
  for (const entry of entries) {
    if (entry.kind !== 'raised' || entry.alarm === null || entry.occurrence === null) continue;
    const tag = alarms.get(entry.alarm)?.tag ?? null;
    if (tag === null || !tags.has(tag)) continue;
    found.push({
      occurrence: entry.occurrence,
      time: entry.time,
      priority: entry.priority ?? 4,
      count: 1,
      message: entry.message,
    });
  }
  return found.sort((one, other) => one.time - other.time);
}

/** The marks with those that are nearer to each other than `gap` milliseconds made into one. `marks` is oldest first. */
export function gathered(marks: readonly AlarmMark[], gap: number): AlarmMark[] {
  const together: AlarmMark[] = [];
  for (const mark of marks) {
    const last = together.at(-1);
    if (last === undefined || mark.time - last.time >= gap) {
      together.push(mark);
      continue;
    }
    together[together.length - 1] = {
      occurrence: mark.occurrence,
      message: mark.message,
      // The place stays with the first of them: a mark that wanders would swallow the ones after it.
      time: last.time,
      priority: Math.min(last.priority, mark.priority),
      count: last.count + mark.count,
    };
  }
  return together;
}
