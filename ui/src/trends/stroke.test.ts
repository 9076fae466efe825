import { describe, expect, it } from 'vitest';

import { GOOD, STALE } from '../live/quality';
import type { Samples } from './samples';
import type { Shape } from './shape';
import { stroke, type Pencil } from './stroke';

const BAD = 0x80000000;

class Notes implements Pencil {
  readonly strokes: string[] = [];
  moveTo(x: number, y: number): void {
    this.strokes.push(`${x},${y}`);
  }
  lineTo(x: number, y: number): void {
    this.strokes.push(`${this.strokes.pop() ?? ''} ${x},${y}`);
  }
}

function check(
  shape: Shape,
  rows: [number, number, number?][],
  expected: { good?: string[]; doubtful?: string[] },
  to = 100,
) {
  const samples: Samples = {
    time: Float64Array.from(rows, (row) => row[0]),
    value: Float64Array.from(rows, (row) => row[1]),
    quality: Uint32Array.from(rows, (row) => row[2] ?? GOOD),
  };
  const good = new Notes();
  const doubtful = new Notes();
  const scales = { x: (time: number) => time, y: (value: number) => value };
  stroke(samples, { from: 0, to }, to, shape, scales, { good, doubtful });
  expect({ good: good.strokes, doubtful: doubtful.strokes }).toEqual({ good: [], doubtful: [], ...expected });
}

describe('a stroke', () => {
  it('glides between numbers and holds the newest one', () => {
    check(
      'line',
      [
        [0, 1],
        [10, 2],
      ],
      { good: ['0,1 10,2 100,2'] },
    );
  });

  it('holds a number through a long silence', () => {
    check(
      'line',
      [
        [0, 1],
        [60_000, 9],
      ],
      { good: ['0,1 58000,1 60000,9 90000,9'] },
      90_000,
    );
  });

  it('is the straight line all the way where that is what was recorded', () => {
    check(
      'slope',
      [
        [0, 1],
        [60_000, 9],
      ],
      { good: ['0,1 60000,9 90000,9'] },
      90_000,
    );
  });

  it('jumps where a switch does', () => {
    check(
      'step',
      [
        [0, 0],
        [10, 1],
        [20, 0],
      ],
      { good: ['0,0 10,0 10,1 20,1 20,0 100,0'] },
    );
  });

  it('leaves a gap where the quality is bad, whatever the value', () => {
    check(
      'line',
      [
        [0, 1],
        [10, 2],
        [20, 7, BAD],
        [30, 3],
      ],
      { good: ['0,1 10,2 20,2', '30,3 100,3'] },
    );
  });

  it('leaves a gap where there is no value, whatever the quality', () => {
    check(
      'step',
      [
        [0, 1],
        [10, NaN],
        [30, 3],
      ],
      { good: ['0,1 10,1', '30,3 100,3'] },
    );
  });

  it('draws what is stale with the other pencil, from where it became so', () => {
    check(
      'line',
      [
        [0, 1],
        [10, 2],
        [20, 2, STALE],
        [30, 3],
      ],
      {
        good: ['0,1 10,2 20,2', '30,3 100,3'],
        doubtful: ['20,2 30,3'],
      },
    );
  });

  it('holds nothing beyond a last sample that is bad', () => {
    check(
      'line',
      [
        [0, 1],
        [10, 1, BAD],
      ],
      { good: ['0,1 10,1'] },
    );
  });

  it('is cut at both ends of the stretch, at the height it has there', () => {
    check(
      'line',
      [
        [-50, 0],
        [-10, 0],
        [90, 10],
        [120, 40],
        [130, 4],
      ],
      { good: ['0,1 90,10 100,20'] },
    );
  });

  it('draws nothing of nothing', () => {
    check('line', [], {});
  });
});
