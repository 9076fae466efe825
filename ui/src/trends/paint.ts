import type { Range } from './axes';
import { penColour, type Looks } from './looks';
import type { Samples } from './samples';
import type { Span } from './span';
import { readAt } from './reading';
import { stroke } from './stroke';
import type { Shape } from './shape';

/** A pen as it is painted. */
export interface PaintedPen {
  readonly number: number;
  readonly samples: Samples;
  readonly shape: Shape;
  /** The values at the foot and at the head of the whole plot. */
  readonly range: Range;
  /** What is written beside a switch's lane; null for a pen with an axis. */
  readonly lane: string | null;
}

/** A limit of the focused pen. */
export interface PaintedLimit {
  readonly value: number;
  readonly words: string;
  /**
   * Where numbers are tried: those that hold keep their dots, those that are tried are a whole line with their words on the
   * right, and both are seen on a line that is as dense as a week's. Left out for a limit that is only shown.
   */
  readonly trial?: 'holds' | 'tried';
}

/** Everything that is painted inside the axes. */
export interface Picture {
  readonly span: Span;
  /** Beyond this instant nothing is known. */
  readonly until: number;
  /** In the order in which they are painted; the focused one comes last and is the only one painted wide. */
  readonly pens: readonly PaintedPen[];
  readonly focused: number | null;
  readonly limits: readonly PaintedLimit[];
  readonly normal: Range | null;
  /** The standing cursor, where one is set. */
  readonly pinned: number | null;
}

/** A rectangle of the canvas, in its own pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Far outside the plot a place is as good as any other, and canvases lose their way with greater numbers. */
const FAR = 1e5;

const BADGE = 13;
/** Height of the words of a limit, in CSS pixels. */
const WORDS_HEIGHT = 13;

/** Paints what lies under the grid: the normal band of the focused pen, and the time of which nothing is known. */
export function paintGround(at: CanvasRenderingContext2D, box: Box, dpr: number, picture: Picture, looks: Looks): void {
  at.save();
  clipTo(at, box);
  const focused = focusedPen(picture);
  if (focused !== null && picture.normal !== null) {
    const y = scaleY(box, focused.range);
    const [top, foot] = [y(picture.normal[1]), y(picture.normal[0])];
    at.globalAlpha = 0.35;
    at.fillStyle = looks.band;
    at.fillRect(box.left, top, box.width, foot - top);
    at.globalAlpha = 1;
  }
  const unknown = scaleX(box, picture.span)(picture.until);
  const right = box.left + box.width;
  if (unknown < right - 2 * dpr) hatch(at, Math.max(box.left, unknown), box.top, right, box.height, dpr, looks);
  at.restore();
}

/** Paints the lines, the limits of the focused pen, the standing cursor, and each pen's number at the end of its line. */
export function paintPens(at: CanvasRenderingContext2D, box: Box, dpr: number, picture: Picture, looks: Looks): void {
  at.save();
  clipTo(at, box);
  at.lineJoin = 'round';
  for (const pen of picture.pens) paintPen(at, box, dpr, picture, pen, looks);
  paintLimits(at, box, dpr, picture, looks);
  for (const pen of picture.pens) if (pen.lane !== null) paintLaneName(at, box, dpr, pen, pen.lane, looks);
  if (picture.pinned !== null) {
    const x = Math.round(scaleX(box, picture.span)(picture.pinned)) + 0.5;
    at.strokeStyle = looks.ink;
    at.lineWidth = dpr;
    at.setLineDash([]);
    at.beginPath();
    at.moveTo(x, box.top);
    at.lineTo(x, box.top + box.height);
    at.stroke();
    at.fillStyle = looks.ink;
    at.beginPath();
    at.moveTo(x - 5 * dpr, box.top);
    at.lineTo(x + 5 * dpr, box.top);
    at.lineTo(x, box.top + 7 * dpr);
    at.fill();
  }
  at.restore();
  paintNumbers(at, box, dpr, picture, looks);
}

function paintPen(
  at: CanvasRenderingContext2D,
  box: Box,
  dpr: number,
  picture: Picture,
  pen: PaintedPen,
  looks: Looks,
): void {
  const good = new Path2D();
  const doubtful = new Path2D();
  const scales = { x: scaleX(box, picture.span), y: scaleY(box, pen.range) };
  stroke(pen.samples, picture.span, picture.until, pen.shape, scales, { good, doubtful });
  at.strokeStyle = penColour(looks, pen.number);
  at.lineWidth = (pen.number === picture.focused ? 2.25 : 1.25) * dpr;
  at.setLineDash([]);
  at.stroke(good);
  at.setLineDash([4 * dpr, 3 * dpr]);
  at.stroke(doubtful);
  at.setLineDash([]);
}

function paintLimits(at: CanvasRenderingContext2D, box: Box, dpr: number, picture: Picture, looks: Looks): void {
  const focused = focusedPen(picture);
  if (focused === null) return;
  const y = scaleY(box, focused.range);
  at.font = `${10 * dpr}px ${looks.font}`;
  const inside = picture.limits
    .map((limit) => ({ ...limit, place: Math.round(y(limit.value)) + 0.5 }))
    .filter(({ place }) => place >= box.top && place <= box.top + box.height);
  for (const { place, trial } of inside) {
    const isTried = trial === 'tried';
    at.setLineDash([]);
    at.beginPath();
    at.moveTo(box.left, place);
    at.lineTo(box.left + box.width, place);
    if (trial !== undefined) {
      at.strokeStyle = looks.panel;
      at.lineWidth = 4 * dpr;
      at.stroke();
    }
    at.strokeStyle = isTried ? looks.ink : looks.inkSoft;
    at.lineWidth = (isTried ? 1.5 : 1) * dpr;
    if (!isTried) at.setLineDash([1.5 * dpr, 3 * dpr]);
    at.stroke();
    at.setLineDash([]);
  }
  // Words come after all lines, so that none goes through them.
  for (const { place, words, trial } of inside) {
    const isTried = trial === 'tried';
    at.textAlign = isTried ? 'right' : 'left';
    const edge = isTried ? box.left + box.width - 4 * dpr : box.left + 4 * dpr;
    // Where another line or the edge of the plot is close above, they go below theirs.
    const top = place - WORDS_HEIGHT * dpr;
    const isBelow = top < box.top || inside.some((other) => other.place > top && other.place < place);
    at.textBaseline = isBelow ? 'top' : 'bottom';
    written(at, words, edge, isBelow ? place + 2 * dpr : place - dpr, dpr, isTried ? looks.ink : looks.inkSoft, looks);
  }
}

function paintLaneName(
  at: CanvasRenderingContext2D,
  box: Box,
  dpr: number,
  pen: PaintedPen,
  name: string,
  looks: Looks,
): void {
  at.font = `${10 * dpr}px ${looks.font}`;
  at.textBaseline = 'middle';
  at.textAlign = 'left';
  written(at, name, box.left + 4 * dpr, scaleY(box, pen.range)(0.5), dpr, looks.inkSoft, looks);
}

/** The pens' numbers in the margin at the height of their newest values, moved apart where they would lie on each other. */
function paintNumbers(at: CanvasRenderingContext2D, box: Box, dpr: number, picture: Picture, looks: Looks): void {
  const end = Math.min(picture.span.to, picture.until);
  const size = BADGE * dpr;
  const [highest, lowest] = [box.top + size / 2, box.top + box.height - size / 2];
  const places = picture.pens
    .map((pen) => {
      const reading = readAt(pen.samples, end, picture.until, pen.shape);
      const value = reading === null || reading.trust === 'none' ? NaN : reading.value;
      return { pen, y: Math.min(Math.max(scaleY(box, pen.range)(value), highest), lowest) };
    })
    .filter((place) => !Number.isNaN(place.y))
    .sort((one, other) => one.y - other.y);
  let above = -Infinity;
  for (const place of places) {
    place.y = Math.max(place.y, above + size + dpr);
    above = place.y;
  }
  // What was pushed beyond the foot goes back up, pushing the others before it.
  let below = lowest + size + dpr;
  for (const place of places.reverse()) {
    place.y = Math.min(place.y, below - size - dpr);
    below = place.y;
  }
  at.save();
  at.font = `600 ${10 * dpr}px ${looks.font}`;
  at.textAlign = 'center';
  at.textBaseline = 'middle';
  const left = box.left + box.width + 4 * dpr;
  for (const { pen, y } of places) {
    at.fillStyle = penColour(looks, pen.number);
    at.fillRect(left, y - size / 2, size + 3 * dpr, size);
    at.fillStyle = looks.panel;
    at.fillText(String(pen.number), left + (size + 3 * dpr) / 2, y + 0.5 * dpr);
  }
  at.restore();
}

/** Words that stay readable over lines. */
function written(
  at: CanvasRenderingContext2D,
  words: string,
  x: number,
  y: number,
  dpr: number,
  colour: string,
  looks: Looks,
): void {
  at.strokeStyle = looks.panel;
  at.lineWidth = 3 * dpr;
  at.strokeText(words, x, y);
  at.fillStyle = colour;
  at.fillText(words, x, y);
}

function hatch(
  at: CanvasRenderingContext2D,
  left: number,
  top: number,
  right: number,
  height: number,
  dpr: number,
  looks: Looks,
): void {
  at.save();
  at.beginPath();
  at.rect(left, top, right - left, height);
  at.clip();
  at.strokeStyle = looks.hatch;
  at.lineWidth = dpr;
  at.beginPath();
  for (let x = left - height; x < right; x += 6 * dpr) {
    at.moveTo(x, top + height);
    at.lineTo(x + height, top);
  }
  at.stroke();
  at.restore();
}

function focusedPen(picture: Picture): PaintedPen | null {
  return picture.pens.find((pen) => pen.number === picture.focused) ?? null;
}

function clipTo(at: CanvasRenderingContext2D, box: Box): void {
  at.beginPath();
  at.rect(box.left, box.top, box.width, box.height);
  at.clip();
}

function scaleX(box: Box, span: Span): (time: number) => number {
  const perMs = box.width / (span.to - span.from);
  return (time) => bounded(box.left + (time - span.from) * perMs);
}

function scaleY(box: Box, range: Range): (value: number) => number {
  const perUnit = box.height / (range[1] - range[0]);
  return (value) => bounded(box.top + (range[1] - value) * perUnit);
}

function bounded(place: number): number {
  return Math.min(Math.max(place, -FAR), FAR);
}
