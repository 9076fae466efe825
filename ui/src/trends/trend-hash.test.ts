import { describe, expect, it } from 'vitest';

import { FIRST_LENGTH, live } from './span';
import { MOST_PENS, readTrendAddress, trendHash } from './trend-hash';

const NOW = 1_800_000_000_000;

function read(hash: string) {
  return readTrendAddress(new URLSearchParams(hash.split('?')[1]), NOW);
}

describe('the address of a trend', () => {
  it('comes back as it was written', () => {
    const pens = ['ulm/filling/line1/filler/temperature', 'plant/a&b=c#d%,+ ü'];
    expect(read(trendHash(pens, live(3_600_000)))).toEqual({ pens, view: live(3_600_000) });
    expect(read(trendHash(pens, { from: 1_000, to: 61_000 }))).toEqual({
      pens,
      view: { kind: 'still', from: 1_000, to: 61_000 },
    });
  });

  it('keeps what would mean something in an address', () => {
    expect(read(trendHash(['plant/a&b=c#d%+ ü'])).pens).toEqual(['plant/a&b=c#d%+ ü']);
  });

  it('follows the clock when nothing is said', () => {
    expect(read(trendHash(['a/b']))).toEqual({ pens: ['a/b'], view: live(FIRST_LENGTH) });
    expect(read('#/trends')).toEqual({ pens: [], view: live(FIRST_LENGTH) });
  });

  it('holds no more pens than a trend shows', () => {
    const ids = Array.from({ length: 40 }, (_, i) => `a/${i}`);
    expect(read(trendHash(ids)).pens).toHaveLength(MOST_PENS);
  });

  it.each(['?last=x', '?from=9&to=1', '?from=-5&to=', '?last=0', '?pens=,,&last=1e99', '?pens=%&from=NaN&to=7'])(
    'makes sense of nonsense: %s',
    (query) => {
      expect(read(`#/trends${query}`).view).toEqual(live(FIRST_LENGTH));
    },
  );
});
