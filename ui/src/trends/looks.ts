import { colourOf, PEN_COLOURS } from './pens';

/** What a chart is drawn with, read from the tokens: a canvas cannot take custom properties by name. */
export interface Looks {
  readonly panel: string;
  readonly ink: string;
  readonly inkSoft: string;
  readonly line: string;
  readonly grid: string;
  readonly band: string;
  readonly hatch: string;
  readonly focus: string;
  readonly font: string;
  /** By pen colour, from the first. */
  readonly pens: readonly string[];
}

/** The looks of the theme that `element` is shown in. */
export function readLooks(element: Element): Looks {
  const style = getComputedStyle(element);
  const token = (name: string): string => style.getPropertyValue(name).trim();
  return {
    panel: token('--raised'),
    ink: token('--ink'),
    inkSoft: token('--ink-soft'),
    line: token('--line-strong'),
    grid: token('--grid'),
    band: token('--band'),
    hatch: token('--hatch'),
    focus: token('--focus'),
    font: style.fontFamily,
    pens: Array.from({ length: PEN_COLOURS }, (_, i) => token(colourOf(i + 1))),
  };
}

/** The colour of a pen by its number. */
export function penColour(looks: Looks, number: number): string {
  return looks.pens[(number - 1) % PEN_COLOURS] ?? looks.ink;
}
