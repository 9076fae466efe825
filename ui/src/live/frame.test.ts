import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { describe, expect, it } from 'vitest';

import { encodeFrame, encodeSeries, type Header } from '../../test/encode';
import { KIND, LayoutError, readFrame, readPart, readSeries } from './frame';

const GOLDEN = resolve(process.cwd(), '../tests/golden');
const HEADER: Header = {
  full: false,
  plantRevision: 1,
  alarmRevision: 2,
  journalRevision: 7,
  statusRevision: 3,
  revision: 4,
  now: 5,
  ageMs: 6,
  unacknowledged: [1, 2, 3, 4],
  active: [5, 6, 7, 8],
};

interface GoldenFrame {
  full: boolean;
  plantRevision: number;
  alarmRevision: number;
  journalRevision: number;
  revision: number;
  wall: number;
  statusRevision: number;
  ageMs: number;
  unacknowledged: number[];
  active: number[];
  rows: { tag: number; kind: keyof typeof KIND; value: number | null; text: string; time: number; quality: number }[];
}

interface GoldenPart {
  last: boolean;
  rows: number;
  share: number;
  text: string;
}

interface GoldenSeries {
  series: { tag: number; time: number[]; value: (number | null)[]; quality: number[] }[];
}

/** A buffer of its own, as an answer's body is. */
function bytes(path: string): ArrayBuffer {
  return new Uint8Array(readFileSync(path)).buffer;
}

function golden(prefix: string): string[] {
  return readdirSync(GOLDEN)
    .filter((name) => name.startsWith(prefix) && name.endsWith('.bin'))
    .map((name) => name.slice(0, -'.bin'.length));
}

describe('the engine’s own frames', () => {
  it('are there to be read', () => {
    expect(golden('frame-').length).toBeGreaterThan(0);
    expect(golden('series-').length).toBeGreaterThan(0);
    expect(golden('part-').length).toBeGreaterThan(0);
  });

  it.each(golden('frame-'))('%s is read as it was written', (name) => {
    const meant = JSON.parse(readFileSync(`${GOLDEN}/${name}.json`, 'utf8')) as GoldenFrame;
    const frame = readFrame(bytes(`${GOLDEN}/${name}.bin`));
    const { full, plantRevision, alarmRevision, journalRevision, revision, now, statusRevision, ageMs } = frame;
    expect({ full, plantRevision, alarmRevision, journalRevision, revision, now, statusRevision, ageMs }).toEqual({
      full: meant.full,
      plantRevision: meant.plantRevision,
      alarmRevision: meant.alarmRevision,
      journalRevision: meant.journalRevision,
      revision: meant.revision,
      now: meant.wall,
      statusRevision: meant.statusRevision,
      ageMs: meant.ageMs,
    });
    expect(frame.unacknowledged).toEqual(meant.unacknowledged);
    expect(frame.active).toEqual(meant.active);
    expect(frame.rows).toBe(meant.rows.length);
    meant.rows.forEach((row, at) => {
      expect(frame.tag[at]).toBe(row.tag);
      expect(frame.kind[at]).toBe(KIND[row.kind]);
      expect(frame.value[at]).toBe(row.value ?? NaN);
      expect(frame.text(at)).toBe(row.text);
      expect(frame.time[at]).toBe(row.time);
      expect(frame.quality[at]).toBe(row.quality);
    });
  });

  it.each(golden('series-'))('%s is read as it was written', (name) => {
    const meant = JSON.parse(readFileSync(`${GOLDEN}/${name}.json`, 'utf8')) as GoldenSeries;
    const series = readSeries(bytes(`${GOLDEN}/${name}.bin`));
    expect(
      series.map((each) => ({
        tag: each.tag,
        time: [...each.time],
        value: [...each.value].map((value) => (Number.isNaN(value) ? null : value)),
        quality: [...each.quality],
      })),
    ).toEqual(meant.series);
  });
});

describe('a part of a file', () => {
  it.each(golden('part-'))('%s is read as it was written', (name) => {
    const meant = JSON.parse(readFileSync(`${GOLDEN}/${name}.json`, 'utf8')) as GoldenPart;
    const part = readPart(bytes(`${GOLDEN}/${name}.bin`));
    const { last, rows, share } = part;
    expect({ last, rows, share, text: new TextDecoder().decode(part.bytes) }).toEqual(meant);
  });

  it('of another layout is refused', () => {
    expect(() => readPart(encodeSeries([]))).toThrow(LayoutError);
  });
});

describe('a frame', () => {
  it('gives texts by their row, in any alphabet', () => {
    const row = { kind: KIND.text, value: NaN, time: 1, quality: 0 };
    const frame = readFrame(
      encodeFrame(HEADER, [
        { ...row, tag: 1, text: 'Gefüllt' },
        { ...row, tag: 2, text: '' },
        { ...row, tag: 3, text: '充填 <b>' },
      ]),
    );
    expect([0, 1, 2].map((at) => frame.text(at))).toEqual(['Gefüllt', '', '充填 <b>']);
  });

  it('says what is wrong with bytes that are no frame', () => {
    const good = encodeFrame(HEADER, [{ tag: 1, kind: KIND.float, value: 1, text: '', time: 1, quality: 0 }]);
    expect(() => readFrame(new ArrayBuffer(3))).toThrow(LayoutError);
    expect(() => readFrame(good.slice(0, 80))).toThrow(/1 rows/);
    expect(() => readFrame(new ArrayBuffer(72))).toThrow(/begins with 0/);
    new DataView(good).setUint16(4, 9, true);
    expect(() => readFrame(good)).toThrow(/version 9/);
  });
});

describe('history', () => {
  it('keeps gaps, and finds the next series behind an odd count', () => {
    const series = readSeries(
      encodeSeries([
        { tag: 1, time: [1, 2, 3], value: [1, NaN, 3], quality: [0, 0x80050000, 0] },
        { tag: 2, time: [4], value: [5], quality: [0] },
      ]),
    );
    expect([...(series[0]?.value ?? [])]).toEqual([1, NaN, 3]);
    expect(series[1]?.tag).toBe(2);
    expect([...(series[1]?.time ?? [])]).toEqual([4]);
  });

  it('that ends too early is refused', () => {
    const good = encodeSeries([{ tag: 1, time: [1, 2], value: [1, 2], quality: [0, 0] }]);
    expect(() => readSeries(good.slice(0, 40))).toThrow(/2 samples/);
    expect(() => readSeries(good.slice(0, 20))).toThrow(/begins after/);
  });
});
