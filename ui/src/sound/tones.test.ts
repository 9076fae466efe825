import { describe, expect, it } from 'vitest';

import { PRIORITIES } from './horn';
import { HORNS } from './tones';

describe('the horns', () => {
  it('fit into their periods without overlap', () => {
    for (const priority of PRIORITIES) {
      const { tones, period } = HORNS[priority];
      tones.forEach((tone, at) => {
        const next = tones[at + 1]?.at ?? period;
        expect(tone.at + tone.seconds, `priority ${priority}, tone ${at}`).toBeLessThan(next);
      });
    }
  });

  it('are told apart without hearing pitch: each has a number of tones and a pause of its own', () => {
    const rhythms = PRIORITIES.map((priority) => HORNS[priority].tones.length);
    expect(new Set(rhythms).size).toBe(4);
    expect(new Set(PRIORITIES.map((priority) => HORNS[priority].period)).size).toBe(4);
  });

  it('are the more insistent the more urgent the alarm', () => {
    const duty = PRIORITIES.map((priority) => {
      const { tones, period } = HORNS[priority];
      return tones.reduce((sum, tone) => sum + tone.seconds, 0) / period;
    });
    expect(duty).toEqual(duty.toSorted((a, b) => b - a));
    const pitch = PRIORITIES.map((priority) => Math.max(...HORNS[priority].tones.map((tone) => tone.hertz)));
    expect(pitch).toEqual(pitch.toSorted((a, b) => b - a));
  });
});
