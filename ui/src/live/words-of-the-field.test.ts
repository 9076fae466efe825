import { describe, expect, it } from 'vitest';

import { fakePlant } from '../../test/fake-plant';
import { fakeAlarms } from '../../test/fake-status';
import { isFlashing, isUnacknowledged, summarise } from './alarm-summary';
import { stateShape, stateWord } from './packml';
import { below, PlantIndex } from './plant-index';
import { severity, STALE, worst } from './quality';
import { Spark, SPARK_MS, SPARK_POINTS } from './spark-feed';

describe('quality', () => {
  it.each([
    [0, 'good'],
    [0x00960000, 'good'],
    [STALE, 'stale'],
    [STALE + 0x401, 'stale'],
    [0x40920000, 'uncertain'],
    [0x80050000, 'bad'],
    [0xc0000000, 'bad'],
  ] as const)('%s is %s', (code, meant) => {
    expect(severity(code)).toBe(meant);
  });

  it('of several is that of the worst', () => {
    expect(worst([])).toBe('good');
    expect(worst(['good', 'stale', 'uncertain'])).toBe('stale');
    expect(worst(['stale', 'bad'])).toBe('bad');
  });
});

describe('a machine’s state', () => {
  it.each([
    ['Execute', NaN, 'Execute', 'running'],
    ['EXECUTE', NaN, 'Execute', 'running'],
    ['', 6, 'Execute', 'running'],
    ['', 11, 'Held', 'held'],
    ['Suspending', NaN, 'Suspending', 'acting'],
    ['Cleaning in place', NaN, 'Cleaning in place', 'unknown'],
    ['', 99, '', 'unknown'],
    ['', NaN, '', 'unknown'],
  ])('%s or %s is %s, %s', (text, value, word, shape) => {
    expect(stateWord(text, value)).toBe(word);
    expect(stateShape(word)).toBe(shape);
  });
});

describe('the plant’s index', () => {
  const plant = new PlantIndex(fakePlant(6));

  it('finds machines in order of flow and tags by role', () => {
    expect(plant.machines.map((each) => each.name).slice(0, 3)).toEqual(['Depalletiser', 'Filler', 'Capper']);
    expect(plant.role('ulm/filling/line1/filler', 'speed')?.name).toBe('Speed');
    expect(plant.role('ulm/filling/line1/filler', 'key')).toBeUndefined();
  });

  it('names equipment with its line', () => {
    expect(plant.label('ulm/filling/line1/filler')).toBe('Line 1 / Filler');
    expect(plant.label('ulm/gone')).toBe('ulm/gone');
    expect(plant.label(null)).toBe('');
  });

  it('knows what lies below, by whole steps of the path', () => {
    expect(below('ulm/line1/filler', 'ulm/line1')).toBe(true);
    expect(below('ulm/line10/filler', 'ulm/line1')).toBe(false);
    expect(below(null, 'ulm')).toBe(false);
  });
});

describe('the summary of alarms', () => {
  it('counts every occurrence at every level above it', () => {
    const plant = fakePlant(6);
    const alarms = fakeAlarms(plant, 40, 1_000_000_000);
    const summary = summarise(alarms);
    const inPlant = alarms.filter((each) => each.equipment !== null);
    expect(summary.get('ulm')?.count).toBe(inPlant.length);
    expect(summary.get('ulm')?.unacknowledged).toBe(inPlant.filter(isUnacknowledged).length);
    expect(summary.get('')?.count).toBe(alarms.length - inPlant.length);
    const filler = alarms.filter((each) => each.equipment === 'ulm/filling/line1/filler');
    const highest = Math.min(...filler.map((each) => each.priority));
    expect(summary.get('ulm/filling/line1/filler')).toMatchObject({
      priority: highest,
      flashing: filler.some((each) => each.priority === highest && isFlashing(each)),
    });
  });
});

describe('a sparkline', () => {
  const piece = SPARK_MS / SPARK_POINTS;
  const now = piece * 1_000 + 10;

  it('holds a value until the next, and nothing where it was bad', () => {
    const spark = new Spark(1);
    const from = now - SPARK_MS;
    spark.fill(
      {
        tag: 1,
        time: Float64Array.from([from, from + 30 * piece, from + 40 * piece]),
        value: Float64Array.from([1, 5, 2]),
        quality: Uint32Array.from([0, 0x80050000, 0]),
      },
      now,
    );
    expect(spark.points[5]).toBe(1);
    expect(spark.points[35]).toBeNaN();
    expect(spark.points[SPARK_POINTS - 1]).toBe(2);
  });

  it('moves on with time and leaves a gap for what it missed', () => {
    const spark = new Spark(1);
    spark.take(1, now);
    spark.take(2, now + piece);
    spark.take(3, now + 4 * piece);
    expect([...spark.points.slice(-5)]).toEqual([1, 2, NaN, NaN, 3]);
    spark.take(4, now + 1_000 * piece);
    expect([...spark.points.slice(-2)]).toEqual([NaN, 4]);
  });
});
