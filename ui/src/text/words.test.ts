import { describe, expect, it } from 'vitest';

import { de } from './de';
import { en } from './en';
import { bytes, digits, NO_VALUE, number } from './number';
import { clock, instant, shortStretch, stretch } from './time';

type Leaf = string | ((...args: never[]) => string);

function leaves(of: object, path = ''): [string, Leaf][] {
  return Object.entries(of).flatMap(([name, value]): [string, Leaf][] =>
    typeof value === 'object' && value !== null
      ? leaves(value, `${path}${name}.`)
      : [[`${path}${name}`, value as Leaf]],
  );
}

describe('the languages', () => {
  it('have the same messages, none of them empty', () => {
    const german = new Map(leaves(de));
    const english = leaves(en);
    expect([...german.keys()].sort()).toEqual(english.map(([key]) => key).sort());
    for (const [key, message] of [...english, ...german]) {
      if (typeof message === 'string') expect(message.trim(), key).not.toBe('');
    }
  });

  it('put everything that is given into a sentence', () => {
    for (const [key, message] of [...leaves(en), ...leaves(de)]) {
      if (typeof message !== 'function') continue;
      const given = Array.from({ length: message.length }, (_, at) => 71 + at);
      const said = (message as (...args: number[]) => string)(...given);
      for (const each of given) expect(said, key).toContain(String(each));
    }
  });

  it('are two languages', () => {
    const german = new Map(leaves(de));
    const same = leaves(en).filter(([key, message]) => typeof message === 'string' && german.get(key) === message);
    // Names, abbreviations and words of the field that both share.
    expect(same.length).toBeLessThan(40);
  });
});

describe('a number', () => {
  it.each([
    [21.5, 1, '21.5'],
    [21.25, 0, '21'],
    [-3.04, 1, '−3.0'],
    [-0.04, 1, '0.0'],
    [0, 2, '0.00'],
    [9999, 0, '9999'],
    [12345, 0, '12\u202f345'],
    [1234567.891, 2, '1\u202f234\u202f567.89'],
    [NaN, 1, NO_VALUE],
    [Infinity, 1, '∞'],
    [1.5e21, 2, '1.500e+21'],
  ])('%s with %s decimals is %s', (value, decimals, meant) => {
    expect(number(value, decimals, 'en')).toBe(meant);
  });

  it('has a comma in German', () => {
    expect(number(12345.5, 1, 'de')).toBe('12\u202f345,5');
  });

  it('that no float holds is shown digit by digit', () => {
    expect(digits('18446744073709551615')).toBe('18\u202f446\u202f744\u202f073\u202f709\u202f551\u202f615');
    expect(digits('-9007199254740993')).toBe('−9\u202f007\u202f199\u202f254\u202f740\u202f993');
  });

  it('of bytes has the unit that fits', () => {
    expect(bytes(999, 'en')).toBe('999 B');
    expect(bytes(48_230_400, 'en')).toBe('48.2 MB');
  });
});

describe('time', () => {
  it.each([
    [-5, '0 s'],
    [4_900, '4 s'],
    [200_000, '3 min 20 s'],
    [7_500_000, '2 h 05 min'],
    [273_600_000, '3 d 4 h'],
  ])('%s ms is %s', (ms, meant) => {
    expect(stretch(ms)).toBe(meant);
  });

  it.each([
    [99_000, '99 s'],
    [100_000, '1 min'],
    [5_999_000, '99 min'],
    [6_000_000, '1 h'],
    [172_800_000, '2 d'],
  ])('%s ms is in short %s', (ms, meant) => {
    expect(shortStretch(ms)).toBe(meant);
  });

  it('of another day says which day', () => {
    const noon = new Date(2026, 10, 23, 12, 0, 0).getTime();
    expect(instant(noon, noon + 1_000, 'en')).toBe(clock(noon, 'en'));
    expect(instant(noon, noon + 86_400_000, 'en')).toContain('23/11');
    expect(clock(noon, 'de')).toBe('12:00:00');
  });
});
