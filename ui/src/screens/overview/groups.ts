import type { EquipmentView } from '../../contract/contract';
import { below, type PlantIndex } from '../../live/plant-index';

/** Machines that stand in one row: those directly below one piece of equipment, in order of flow. */
export interface Group {
  /** The line, or whatever holds the machines; none for machines that stand alone. */
  line: EquipmentView | null;
  /** The names above the line, from the site down. */
  above: string;
  machines: readonly EquipmentView[];
}

/** The rows of the overview, in the plant file's order; of one area only, where one is named. */
export function groups(plant: PlantIndex, area: string | null): Group[] {
  const found: Group[] = [];
  for (const each of [null, ...plant.equipment.values()]) {
    if (area !== null && !below(each?.id ?? null, area)) continue;
    const machines = plant.children(each?.id ?? null).filter((child) => child.level === 'machine');
    if (machines.length === 0) continue;
    const way = each === null ? [] : plant.way(each.id).slice(0, -1);
    found.push({ line: each, above: way.map((step) => step.name).join(' / '), machines });
  }
  return found;
}
