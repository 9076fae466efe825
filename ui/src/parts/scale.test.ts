import { describe, expect, it } from 'vitest';

import { tagView } from '../../test/fake-plant';
import { BAND_FROM, BAND_TO, barEnd, indicatorScale, share } from './scale';

describe('an indicator’s scale', () => {
  const scale = indicatorScale(tagView(0, 'a', { range: [0, 100], normal: [60, 80] }));

  it('lays the normal band at the same place on all', () => {
    const other = indicatorScale(tagView(0, 'b', { range: [-4, 1], normal: [-1, 0] }));
    for (const [each, normal] of [
      [scale, [60, 80]],
      [other, [-1, 0]],
    ] as const) {
      expect(each?.at(normal[0])).toBeCloseTo(BAND_FROM);
      expect(each?.at(normal[1])).toBeCloseTo(BAND_TO);
    }
  });

  it('never runs backwards and never leaves its ends', () => {
    let last = -1;
    for (let value = -20; value <= 130; value += 0.5) {
      const at = scale?.at(value) ?? NaN;
      expect(at).toBeGreaterThanOrEqual(last);
      expect(at).toBeGreaterThanOrEqual(0);
      expect(at).toBeLessThanOrEqual(1);
      last = at;
    }
  });

  it('is straight without a band, and made from limits without a range', () => {
    expect(indicatorScale(tagView(0, 'a', { range: [0, 10] }))?.at(5)).toBeCloseTo(0.5);
    const limits = [
      { kind: 'low' as const, value: 0, priority: 2 },
      { kind: 'high' as const, value: 8, priority: 2 },
    ];
    const made = indicatorScale(tagView(0, 'a', { limits }));
    expect([made?.low, made?.high]).toEqual([-2, 10]);
    expect(indicatorScale(tagView(0, 'a'))).toBeNull();
  });
});

describe('a bar', () => {
  it('has room above its target', () => {
    expect(barEnd(tagView(0, 'a', { range: [0, 700] }), 600)).toBe(700);
    expect(barEnd(tagView(0, 'a'), 600)).toBe(720);
    expect(barEnd(tagView(0, 'a'), NaN)).toBe(100);
  });

  it('shows no value as nothing', () => {
    expect(share(NaN, 0, 1)).toBe(0);
    expect(share(5, 0, 0)).toBe(0);
  });
});
