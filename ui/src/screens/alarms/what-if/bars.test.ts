import { expect, test } from 'vitest';

import { bars } from './bars';

const SPAN = { from: 1_000, to: 2_000 };
const at = (from: number, to: number | null) => ({ from, to, level: 0 });

test('a time is where it was, and the shortest is still seen', () => {
  expect(bars([at(1_100, 1_200), at(1_500, 1_501)], SPAN, 500)).toEqual([
    { x: 50, width: 50 },
    { x: 250, width: 2 },
  ]);
});

test('what would touch is one bar', () => {
  expect(bars([at(1_100, 1_101), at(1_103, 1_104), at(1_110, 1_200)], SPAN, 500)).toEqual([
    { x: 50, width: 3.5 },
    { x: 55, width: 45 },
  ]);
});

test('what began before, or lasts on, ends with the strip', () => {
  expect(bars([at(500, 1_100), at(1_900, null)], SPAN, 500)).toEqual([
    { x: 0, width: 50 },
    { x: 450, width: 50 },
  ]);
});

test('one that came a moment ago is seen, too', () => {
  expect(bars([at(1_999, null)], SPAN, 500)).toEqual([{ x: 498, width: 2 }]);
  expect(bars([at(1_999, null)], SPAN, 0), 'there is no strip yet').toEqual([]);
});

test('ten thousand times are not more bars than there are pixels', () => {
  const many = Array.from({ length: 10_000 }, (_, each) => at(1_000 + each / 10, 1_000 + each / 10 + 0.01));
  expect(bars(many, SPAN, 500)).toEqual([{ x: 0, width: 500 }]);
});
