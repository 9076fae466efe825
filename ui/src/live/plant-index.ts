import type { AlarmView, EquipmentView, PlantView, TagRole, TagView } from '../contract/contract';

/** A plant made easy to ask: everything by its id, tags by machine and role, the tree downwards. Never changes. */
export class PlantIndex {
  readonly revision: number;
  readonly name: string;
  readonly equipment: ReadonlyMap<string, EquipmentView>;
  readonly tags: readonly TagView[];
  readonly tagsByIndex: ReadonlyMap<number, TagView>;
  readonly tagsById: ReadonlyMap<string, TagView>;
  readonly alarms: ReadonlyMap<string, AlarmView>;
  readonly machines: readonly EquipmentView[];
  /** One more than the highest number of a tag. */
  readonly slots: number;
  readonly #children = new Map<string | null, EquipmentView[]>();
  readonly #tags = new Map<string | null, TagView[]>();

  constructor(view: PlantView) {
    this.revision = view.revision;
    this.name = view.name;
    this.tags = view.tags;
    this.equipment = new Map(view.equipment.map((each) => [each.id, each]));
    this.tagsByIndex = new Map(view.tags.map((each) => [each.index, each]));
    this.tagsById = new Map(view.tags.map((each) => [each.id, each]));
    this.alarms = new Map(view.alarms.map((each) => [each.id, each]));
    this.machines = view.equipment.filter((each) => each.level === 'machine');
    this.slots = view.tags.reduce((most, each) => Math.max(most, each.index + 1), 0);
    for (const each of view.equipment) push(this.#children, each.parent, each);
    for (const each of view.tags) push(this.#tags, each.equipment, each);
  }

  /** What stands directly below; of nothing, the sites. Machines come in order of flow. */
  children(of: string | null): readonly EquipmentView[] {
    return this.#children.get(of) ?? [];
  }

  /** The tags that belong to exactly this equipment; of nothing, the plant's own. */
  tagsOf(equipment: string | null): readonly TagView[] {
    return this.#tags.get(equipment) ?? [];
  }

  /** The machine's tag of a role, where it has one. */
  role(equipment: string, role: TagRole): TagView | undefined {
    return this.tagsOf(equipment).find((each) => each.role === role);
  }

  /** From the site down to the equipment itself. */
  way(equipment: string): EquipmentView[] {
    const way: EquipmentView[] = [];
    for (let at = this.equipment.get(equipment); at !== undefined;) {
      way.unshift(at);
      at = at.parent === null ? undefined : this.equipment.get(at.parent);
    }
    return way;
  }

  /** What people call it, with the line's name before the machine's where that is needed to find it. */
  label(equipment: string | null): string {
    if (equipment === null) return '';
    const names = this.way(equipment)
      .slice(-2)
      .map((each) => each.name);
    return names.length === 0 ? equipment : names.join(' / ');
  }
}

/** Whether `path` is `root` or lies below it in the equipment tree. */
export function below(path: string | null, root: string): boolean {
  return path !== null && (path === root || path.startsWith(`${root}/`));
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const found = map.get(key);
  if (found === undefined) map.set(key, [value]);
  else found.push(value);
}
