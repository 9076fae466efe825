import type { ActiveAlarm } from '../../contract/contract';
import type { PlantIndex } from '../../live/plant-index';
import { trendHash } from '../../trends/trend-hash';

/** How much is shown before and after the moment an alarm was raised. */
const AROUND_MS = 10 * 60_000;

/** Where the trend around an alarm is; null where it watches no recorded tag. */
export function trendAround(plant: PlantIndex | null, alarm: ActiveAlarm): string | null {
  const tag = alarm.tag === null ? undefined : plant?.tagsByIndex.get(alarm.tag);
  if (tag === undefined || !tag.recorded) return null;
  return trendHash([tag.id], { from: alarm.raisedAt - AROUND_MS, to: alarm.raisedAt + AROUND_MS });
}
