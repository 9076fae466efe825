import { expect, it } from 'vitest';

import type { TagView } from '../contract/contract';
import { aboveLanes, decimalsFor, laneRange, layout, shownAxes, steadyRange, wantedRange } from './axes';
import { pensFor, shapeOf, toggledPen, withoutPen, withPen, type Pen } from './pens';

function tag(index: number, more: Partial<TagView> = {}): TagView {
  return {
    index,
    id: `m/${index}`,
    name: `Tag ${index}`,
    equipment: 'm',
    role: null,
    kind: 'float',
    unit: '°C',
    decimals: 1,
    range: null,
    normal: null,
    limits: [],
    gateway: null,
    formula: null,
    words: null,
    recorded: true,
    sloped: false,
    ...more,
  };
}

const numbers = (pens: readonly Pen[]) => pens.map((pen) => pen.number);

it('a pen keeps its number while others come and go', () => {
  let pens = pensFor([tag(1), tag(2), tag(3)], []);
  pens = withoutPen(pens, 2);
  expect(numbers(pens)).toEqual([1, 3]);
  pens = withPen(pens, tag(9));
  expect(numbers(pens)).toEqual([1, 2, 3]);
  expect(numbers(pensFor([tag(3), tag(9)], pens))).toEqual([2, 3]);
});

it('a tag is drawn in the shape in which it is recorded', () => {
  expect([tag(1), tag(2, { kind: 'int' }), tag(3, { kind: 'bool' })].map(shapeOf)).toEqual(['line', 'step', 'step']);
  expect([tag(1, { sloped: true }), tag(2, { kind: 'int', sloped: true })].map(shapeOf)).toEqual(['slope', 'slope']);
});

it('sixteen pens are the most, no tag is drawn twice, and a text is not drawn', () => {
  const pens = pensFor(
    Array.from({ length: 30 }, (_, i) => tag(i)),
    [],
  );
  expect(pens).toHaveLength(16);
  expect(withPen(pens.slice(1), tag(1))).toHaveLength(15);
  expect(withPen([], tag(1, { kind: 'text' }))).toEqual([]);
});

it('a hidden pen keeps its place', () => {
  const pens = toggledPen(pensFor([tag(1), tag(2)], []), 1);
  expect(pens.map((pen) => pen.hidden)).toEqual([true, false]);
});

it('pens of a unit share an axis unless each has its own; switches run in lanes', () => {
  const pens = pensFor([tag(1), tag(2), tag(3, { unit: 'bar' }), tag(4, { kind: 'bool', unit: '' })], []);
  const shared = layout(pens, 'unit');
  expect(shared.axes.map((axis) => axis.pens.length)).toEqual([2, 1]);
  expect(shared.lanes).toHaveLength(1);
  expect(layout(pens, 'own').axes).toHaveLength(3);
});

it('the focused pen never loses its axis', () => {
  const { axes } = layout(
    pensFor(
      [1, 2, 3, 4].map((i) => tag(i, { unit: `u${i}` })),
      [],
    ),
    'unit',
  );
  expect(shownAxes(axes, 4, 2).map((axis) => axis.unit)).toEqual(['u1', 'u4']);
});

it('an axis fits its lines without blowing up noise', () => {
  const [axis] = layout(pensFor([tag(1, { range: [0, 100] })], []), 'unit').axes;
  if (axis === undefined) throw new Error('there is one axis');
  const [least, greatest] = wantedRange(axis, [50, 50.001], 'data');
  expect(greatest - least).toBeGreaterThan(1);
  expect(wantedRange(axis, [50, 60], 'range')).toEqual([0, 100]);
  expect(wantedRange(axis, [50, 160], 'range')).toEqual([0, 160]);
  expect(wantedRange(axis, null, 'data')).toEqual([0, 100]);
});

it('an axis without a display range still has a height', () => {
  const [axis] = layout(pensFor([tag(1)], []), 'unit').axes;
  if (axis === undefined) throw new Error('there is one axis');
  for (const value of [0, 5, -3e9]) {
    const [least, greatest] = wantedRange(axis, [value, value], 'data');
    expect(least).toBeLessThan(value);
    expect(greatest).toBeGreaterThan(value);
  }
});

it('an axis grows at once and shrinks late', () => {
  expect(steadyRange([0, 10], [0, 12])).toEqual([0, 12]);
  expect(steadyRange([0, 10], [1, 9])).toEqual([0, 10]);
  expect(steadyRange([0, 10], [4, 5])).toEqual([4, 5]);
});

it('lanes lie below the lines', () => {
  const height = 400;
  const [low] = aboveLanes([0, 100], 2, height);
  const footOfLines = height - ((0 - low) / (100 - low)) * height;
  const [laneLow, laneHigh] = laneRange(1, height);
  const headOfSecondLane = height - ((1 - laneLow) / (laneHigh - laneLow)) * height;
  expect(headOfSecondLane).toBeGreaterThanOrEqual(footOfLines);
  expect(laneRange(0, height)[0]).toBeLessThan(0);
});

it('marks of an axis have as many digits as they need', () => {
  expect([100, 2.5, 0.25, 0.1, 0.30000000000000004, 1e-4].map(decimalsFor)).toEqual([0, 1, 2, 1, 1, 4]);
});
