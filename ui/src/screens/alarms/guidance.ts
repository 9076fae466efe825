import type { AlarmView } from '../../contract/contract';
import { to } from '../../frame/route.svelte';
import type { PlantIndex } from '../../live/plant-index';
import { stretch } from '../../text/time';
import type { Messages } from '../../text/en';

/** A line of what an operator is told of an alarm. */
export interface Line {
  name: string;
  text: string;
}

/** Where an alarm's screen or document is; without an address it is only named, as this window cannot open it. */
export interface Reference {
  name: string;
  text: string;
  href: string | null;
  /** Whether it leads out of Andon. */
  outside: boolean;
}

/** What is said of an alarm, what to do first; nothing that is left out. */
export function guidanceOf(view: AlarmView, t: Messages['detail']): Line[] {
  const respond = view.timeToRespondS === null ? '' : round(view.timeToRespondS);
  const lines = [
    { name: t.action, text: view.action },
    { name: t.respond, text: respond },
    { name: t.confirmation, text: view.confirmation },
    { name: t.cause, text: view.cause },
    { name: t.consequence, text: view.consequence },
  ];
  return lines.filter((line) => line.text !== '');
}

/** A time as a plan has it: `5 min`, `90 s` as `1 min 30 s`, and no unit of which there is nothing. */
function round(seconds: number): string {
  return stretch(seconds * 1000).replace(/ 0?0 (s|min|h)$/, '');
}

/** When an alarm is looked at, and when it is kept quiet; nothing for one that always is as it is. */
export function conditionsOf(view: AlarmView, t: Messages['detail']): Line[] {
  const lines = [
    { name: t.enabledWhen, text: view.enabledWhen ?? '' },
    { name: t.suppressedWhen, text: view.suppressedWhen ?? '' },
  ];
  return lines.filter((line) => line.text !== '');
}

/** The word for an alarm's class in the user's language. */
export function classWord(name: string, t: Messages['detail']): string {
  const known: Readonly<Record<string, string>> = t.classes;
  return known[name] ?? name;
}

/** The screen and the document of an alarm. */
export function referencesOf(view: AlarmView, plant: PlantIndex | null, t: Messages['detail']): Reference[] {
  const given: [string, string | null][] = [
    [t.screen, view.screen],
    [t.document, view.document],
  ];
  return given.flatMap(([name, link]) => (link === null ? [] : [{ name, ...target(link, plant) }]));
}

function target(link: string, plant: PlantIndex | null): Omit<Reference, 'name'> {
  if (/^https:[/][/]/.test(link)) return { text: link, href: link, outside: true };
  if (plant?.equipment.get(link)?.level === 'machine') {
    return { text: plant.label(link), href: to.machine(link), outside: false };
  }
  return { text: link, href: null, outside: false };
}
