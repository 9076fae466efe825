import { describe, expect, it } from 'vitest';

import { fakePerformance } from '../../../../test/fake-performance';
import { figures, heat, judge, part } from './judge';

describe('the figures beside their targets', () => {
  const at = Date.UTC(2026, 10, 23);
  const view = fakePerformance({ from: at, to: at + 86_400_000, equipment: null });
  const named = (changed: Partial<typeof view>, name: string) =>
    figures({ ...view, ...changed }).find((each) => each.name === name);

  it('are good up to the target, and say when they are beyond what can be managed', () => {
    const of = (perHour: number) => {
      const figure = named({ perHour }, 'perHour');
      return figure === undefined ? null : judge(figure);
    };
    expect([of(0), of(6), of(6.1), of(12), of(12.1)]).toEqual([
      'good',
      'good',
      'aboveTarget',
      'aboveTarget',
      'aboveLimit',
    ]);
  });

  it('have no limit where the standards say none', () => {
    const figure = named({ peak: 500 }, 'peak');
    expect(figure === undefined ? null : judge(figure)).toBe('aboveTarget');
  });

  it('say nothing of a window without a whole hour or without an alarm', () => {
    expect(named({ hours: { whole: 0, busy: 0 } }, 'busyHours')?.value).toBeNull();
    expect(named({ count: 0, top: [] }, 'top')?.value).toBeNull();
    expect(part(1, 4)).toBe(0.25);
  });

  it('shade an hour fully when it has more than an operator can take', () => {
    expect([heat(0), heat(30), heat(500)]).toEqual([0, 1, 1]);
    expect(heat(1)).toBeGreaterThan(0.1);
  });
});
