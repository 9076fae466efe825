import { describe, expect, it } from 'vitest';

import { EVERYTHING, journalFilter, journalHash } from './journal-filter';

describe('the filter of the journal in its address', () => {
  const query = (hash: string): string => hash.split('?')[1] ?? '';

  it('comes back as it was', () => {
    const filter = {
      equipment: 'ulm/l1',
      alarm: 'ulm/l1/filler/jam & more',
      text: '100 % "öfen"',
      user: 'Ada',
      priority: 2,
      kinds: ['raised', 'recurred'] as const,
      from: 1_764_000_000_000,
      to: 1_764_000_060_000,
    };
    expect(journalFilter(query(journalHash({ ...filter, kinds: [...filter.kinds] })))).toEqual(filter);
    expect(journalHash(EVERYTHING)).toBe('#/journal');
    expect(journalFilter('')).toEqual(EVERYTHING);
  });

  it('keeps whole milliseconds, so that nothing at the edges is left out', () => {
    expect(journalFilter(query(journalHash({ from: 10.9, to: 10.1 })))).toEqual({ ...EVERYTHING, from: 10, to: 11 });
  });

  it('restricts nothing by what makes no sense', () => {
    expect(journalFilter('priority=9&kinds=rose,raised&from=yesterday&to=1e99&text=%20')).toEqual({
      ...EVERYTHING,
      kinds: ['raised'],
    });
  });
});
