import type { TagView } from '../contract/contract';
import type { PlantIndex } from '../live/plant-index';
import { drawable } from './pens';

/** No more tags are listed at once: more would be slow, and nobody reads that far. */
const MOST = 300;

/** Tags of one piece of equipment. */
export interface OfferGroup {
  /** The equipment's path; empty for the plant's own tags. */
  readonly id: string;
  readonly name: string;
  readonly tags: readonly TagView[];
}

/** What can be chosen from. */
export interface Offer {
  readonly groups: readonly OfferGroup[];
  /** How many more tags match. */
  readonly more: number;
}

/** The tags that hold every word of the search in name, place, id or unit, by equipment in the plant's order. */
export function chosenFrom(plant: PlantIndex, search: string, plantTags: string): Offer {
  const wanted = search.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const groups: OfferGroup[] = [];
  let listed = 0;
  let more = 0;
  for (const equipment of [null, ...plant.equipment.keys()]) {
    const name = equipment === null ? plantTags : plant.label(equipment);
    const tags = plant.tagsOf(equipment).filter((tag) => {
      if (!drawable(tag)) return false;
      const words = `${tag.name} ${name} ${tag.id} ${tag.unit}`.toLocaleLowerCase();
      return wanted.every((word) => words.includes(word));
    });
    const shown = tags.slice(0, Math.max(0, MOST - listed));
    listed += shown.length;
    more += tags.length - shown.length;
    if (shown.length > 0) groups.push({ id: equipment ?? '', name, tags: shown });
  }
  return { groups, more };
}
