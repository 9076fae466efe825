import type { TagView } from '../../contract/contract';
import { indicatorScale } from '../../parts/scale';

/** A machine's tags by how they are shown. */
export interface Sorted {
  /** Numbers on a scale: indicators. */
  analog: TagView[];
  /** Truth values and texts. */
  states: TagView[];
  /** Numbers without a scale: counters and totals. */
  counters: TagView[];
}

/** Sorts the tags of a machine; its state has a place of its own, and a target stands on its speed's scale. */
export function sortTags(tags: readonly TagView[]): Sorted {
  const sorted: Sorted = { analog: [], states: [], counters: [] };
  const hasSpeed = tags.some((each) => each.role === 'speed');
  for (const tag of tags) {
    if (tag.role === 'state' || (tag.role === 'speedTarget' && hasSpeed)) continue;
    if (tag.kind === 'bool' || tag.kind === 'text') sorted.states.push(tag);
    else if (tag.role !== 'goodCount' && tag.role !== 'rejectCount' && indicatorScale(tag) !== null) {
      sorted.analog.push(tag);
    } else sorted.counters.push(tag);
  }
  return sorted;
}

/** How many pens the small trend takes before it cannot be read. */
const PENS = 4;

/** What the machine's small trend shows: its speed and what has limits to be watched. */
export function trendTags(tags: readonly TagView[]): TagView[] {
  const weight = (tag: TagView): number =>
    tag.role === 'speed' ? 0 : tag.role === 'key' ? 1 : tag.limits.length > 0 ? 2 : tag.normal !== null ? 3 : 4;
  return tags
    .filter((each) => each.recorded && (each.kind === 'float' || each.kind === 'int') && each.role !== 'speedTarget')
    .filter((each) => weight(each) < 4)
    .sort((a, b) => weight(a) - weight(b))
    .slice(0, PENS);
}
