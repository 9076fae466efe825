import '../host/locale';
import 'uplot/dist/uPlot.min.css';

import uPlot from 'uplot';

import type { Range } from './axes';
import type { Looks } from './looks';
import { paintGround, paintPens, type Picture } from './paint';
import { between, type Span } from './span';
import { timeLabels } from './time-labels';

/** A vertical axis as it is drawn. */
export interface DrawnAxis {
  readonly key: string;
  /** The unit, and the numbers of the pens that are read off it. */
  readonly label: string;
  /** The values at the foot and at the head of the plot. */
  readonly range: Range;
  /** Below this value the switches' lanes lie, which the axis has no numbers for. */
  readonly foot: number;
  /** The words for a mark, given the step from one to the next. */
  readonly words: (value: number, step: number) => string;
}

/** What a person does to a plot. Instants are milliseconds since the epoch. */
export interface Gestures {
  /** A stretch was drawn with the pointer. */
  chosen(span: Span): void;
  /** The wheel was turned at an instant; a factor below one looks closer. */
  wheel(at: number, factor: number): void;
  /** The picture was dragged by a share of its length; negative shows what came before. */
  dragged(share: number): void;
  /** Clicked at an instant, without a drag. */
  clicked(at: number): void;
  back(): void;
  /** The pointer is at an instant, or has left. */
  pointed(at: number | null): void;
}

const AXIS_WIDTH = 58;
const AXIS_HEIGHT = 40;
const NUMBERS_WIDTH = 26;
const MARKS_HEIGHT = 20;
const CALM: Gestures = {
  chosen: () => undefined,
  wheel: () => undefined,
  dragged: () => undefined,
  clicked: () => undefined,
  back: () => undefined,
  pointed: () => undefined,
};

/**
 * A chart on the page: uPlot for its axes, grid, pointer and selection, and our own strokes for the lines, because each
 * tag has its own instants, gaps and dashes. It holds what it was told to draw and nothing else; whoever made it must
 * `destroy` it.
 */
export class Plot {
  readonly #root: HTMLElement;
  readonly #gestures: Gestures | null;
  #looks: Looks;
  #locale: string;
  #plot: uPlot | null = null;
  #axes: readonly DrawnAxis[] = [];
  #picture: Picture | null = null;
  #size = { width: 0, height: 0 };
  #pan: { pointer: number; x: number } | null = null;

  /** Without `gestures` the plot is only looked at. */
  constructor(root: HTMLElement, looks: Looks, locale: string, gestures: Gestures | null) {
    this.#root = root;
    this.#looks = looks;
    this.#locale = locale;
    this.#gestures = gestures;
  }

  /** Draws a picture. Axes that have other keys or labels than before cost more than ranges that move. */
  draw(picture: Picture, axes: readonly DrawnAxis[]): void {
    const same =
      axes.length === this.#axes.length &&
      axes.every((axis, i) => axis.key === this.#axes[i]?.key && axis.label === this.#axes[i]?.label);
    this.#picture = picture;
    this.#axes = axes;
    if (!same) this.#rebuild();
    const plot = this.#plot ?? this.#rebuild();
    if (plot === null) return;
    plot.batch(() => {
      plot.setData([[picture.span.from, picture.span.to]], false);
      plot.setScale('x', { min: picture.span.from, max: picture.span.to });
      for (const axis of axes) plot.setScale(axis.key, { min: axis.range[0], max: axis.range[1] });
    });
    // The pointer stands still while the picture moves below it.
    if (this.#gestures !== null) this.#point(plot);
  }

  /** Takes the looks of another theme or language; the next picture is drawn in them. */
  dress(looks: Looks, locale: string): void {
    this.#looks = looks;
    this.#locale = locale;
    this.#plot?.destroy();
    this.#plot = null;
  }

  /** Takes the size of the element it is in. */
  fit(width: number, height: number): void {
    this.#size = { width: Math.floor(width), height: Math.floor(height) };
    if (width > 0 && height > 0) this.#plot?.setSize(this.#size);
  }

  /** Width of what is inside the axes, in CSS pixels; 0 while nothing is drawn. */
  get width(): number {
    return this.#plot?.over.clientWidth ?? 0;
  }

  /** Height of what is inside the axes, in CSS pixels; 0 while nothing is drawn. */
  get height(): number {
    return this.#plot?.over.clientHeight ?? 0;
  }

  /** Where an instant is, in CSS pixels from the left of the element; null outside the picture. */
  place(time: number): number | null {
    const plot = this.#plot;
    const picture = this.#picture;
    if (plot === null || picture === null || time < picture.span.from || time > picture.span.to) return null;
    return plot.over.offsetLeft + plot.valToPos(time, 'x');
  }

  /** Puts the pointer's line at an instant, as a key does. */
  point(at: number): void {
    const plot = this.#plot;
    if (plot === null) return;
    plot.setCursor({ left: plot.valToPos(at, 'x'), top: plot.over.clientHeight / 2 });
  }

  destroy(): void {
    this.#plot?.destroy();
    this.#plot = null;
    this.#picture = null;
  }

  #rebuild(): uPlot | null {
    this.#plot?.destroy();
    this.#plot = null;
    const { width, height } = this.#size;
    if (width <= 0 || height <= 0) return null;
    const gestures = this.#gestures ?? CALM;
    const isStill = this.#gestures === null;
    const plot = new uPlot(
      {
        width,
        height,
        ms: 1,
        padding: [isStill ? 8 : MARKS_HEIGHT, NUMBERS_WIDTH, 0, this.#axes.length === 0 ? NUMBERS_WIDTH : 0],
        legend: { show: false },
        cursor: isStill
          ? { show: false }
          : {
              y: false,
              points: { show: false },
              drag: { x: true, y: false, setScale: false },
              bind: {
                mousedown: (_plot, _target, select) => (event) => {
                  // A drag with the shift key moves the picture and selects nothing.
                  if (!event.shiftKey) select(event);
                  return null;
                },
                dblclick: () => () => {
                  gestures.back();
                  return null;
                },
              },
            },
        scales: {
          x: { time: true, auto: false, range: (_plot, least, greatest) => [least, greatest] },
          ...Object.fromEntries(
            this.#axes.map((axis) => [
              axis.key,
              { auto: false, range: (_plot: uPlot, least: number, greatest: number): Range2 => [least, greatest] },
            ]),
          ),
        },
        axes: [this.#timeAxis(), ...this.#axes.map((axis, i) => this.#valueAxis(axis, i))],
        series: [{}],
        hooks: {
          drawClear: [(made) => this.#paint(made, paintGround)],
          draw: [(made) => this.#paint(made, paintPens)],
          setSelect: [(made) => this.#selected(made)],
          setCursor: [(made) => this.#point(made)],
        },
      },
      [[this.#picture?.span.from ?? 0, this.#picture?.span.to ?? 1]],
      this.#root,
    );
    this.#plot = plot;
    if (!isStill) this.#listen(plot, gestures);
    return plot;
  }

  #timeAxis(): uPlot.Axis {
    return {
      ...this.#strokes(),
      size: AXIS_HEIGHT,
      space: 90,
      values: (_plot, marks, _axis, _space, step) => timeLabels(marks, step, this.#locale),
    };
  }

  #valueAxis(axis: DrawnAxis, place: number): uPlot.Axis {
    const strokes = this.#strokes();
    const filter = (_plot: uPlot, marks: number[]): (number | null)[] =>
      marks.map((mark) => (mark < this.#foot(axis.key) ? null : mark));
    return {
      ...strokes,
      filter,
      ticks: { ...strokes.ticks, filter },
      scale: axis.key,
      side: 3,
      size: AXIS_WIDTH,
      space: 32,
      label: axis.label,
      labelSize: 16,
      labelGap: 0,
      labelFont: `600 10px ${this.#looks.font}`,
      // One grid is read; several on each other are not.
      grid: { ...strokes.grid, show: place === 0, filter },
      values: (_plot, marks: (number | null)[], _axis, _space, step) =>
        marks.map((mark) => (mark === null ? '' : axis.words(mark, step))),
    };
  }

  /** The foot of an axis as it is now: it may have moved since the plot was made. */
  #foot(key: string): number {
    return this.#axes.find((axis) => axis.key === key)?.foot ?? -Infinity;
  }

  #strokes(): uPlot.Axis & { grid: uPlot.Axis.Grid; ticks: uPlot.Axis.Ticks } {
    const { inkSoft, grid, line, font } = this.#looks;
    return {
      stroke: inkSoft,
      font: `11px ${font}`,
      gap: 4,
      grid: { stroke: grid, width: 1 },
      ticks: { stroke: line, width: 1, size: 4 },
    };
  }

  #paint(plot: uPlot, paint: typeof paintPens): void {
    if (this.#picture === null) return;
    paint(plot.ctx, plot.bbox, uPlot.pxRatio, this.#picture, this.#looks);
  }

  #selected(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width < 4) return;
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.#gestures?.chosen(between(plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')));
  }

  #point(plot: uPlot): void {
    const left = plot.cursor.left ?? -1;
    this.#gestures?.pointed(left < 0 ? null : plot.posToVal(left, 'x'));
  }

  #listen(plot: uPlot, gestures: Gestures): void {
    const { over } = plot;
    over.addEventListener(
      'wheel',
      (event) => {
        event.preventDefault();
        // A wheel turned sideways, or a finger moved so on a touchpad, moves the picture.
        if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
          gestures.dragged(event.deltaX / over.clientWidth);
          return;
        }
        const lines = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY / 100 : event.deltaY / 3;
        const factor = 1.25 ** Math.max(-4, Math.min(4, lines));
        gestures.wheel(plot.posToVal(event.clientX - over.getBoundingClientRect().left, 'x'), factor);
      },
      { passive: false },
    );
    let downX = 0;
    over.addEventListener('pointerdown', (event) => {
      downX = event.clientX;
      const pans = event.pointerType === 'touch' || event.button === 1 || (event.button === 0 && event.shiftKey);
      if (!pans) return;
      event.preventDefault();
      over.setPointerCapture(event.pointerId);
      this.#pan = { pointer: event.pointerId, x: event.clientX };
    });
    over.addEventListener('pointermove', (event) => {
      if (this.#pan?.pointer !== event.pointerId) return;
      gestures.dragged((this.#pan.x - event.clientX) / over.clientWidth);
      this.#pan = { pointer: event.pointerId, x: event.clientX };
    });
    for (const end of ['pointerup', 'pointercancel'] as const) {
      over.addEventListener(end, (event) => {
        if (this.#pan?.pointer === event.pointerId) this.#pan = null;
      });
    }
    over.addEventListener('click', (event) => {
      if (Math.abs(event.clientX - downX) > 3 || event.detail > 1) return;
      gestures.clicked(plot.posToVal(event.clientX - over.getBoundingClientRect().left, 'x'));
    });
  }
}

/** The pair that uPlot wants from a scale. */
type Range2 = [number, number];
