import { describe, expect, it } from 'vitest';

import type { AlarmState } from '../contract/contract';
import { Horn, type Heard, type Priority } from './horn';

const all = (): boolean => true;

function alarm(name: string, priority: Priority, state: AlarmState = 'unack', annunciated?: boolean): Heard {
  const heard: Heard = { occurrence: `${name}@1`, priority, state, raisedAt: 1, message: name };
  return annunciated === undefined ? heard : { ...heard, annunciated };
}

describe('the horn', () => {
  it('is that of the most urgent alarm, however many there are', () => {
    const horn = new Horn();
    horn.follow(Array.from({ length: 10_000 }, (_, at) => alarm(`a${at}`, at === 7_000 ? 1 : 3)));
    expect(horn.priority(all)).toBe(1);
    expect(horn.open).toBe(10_000);
  });

  it.each<[AlarmState, boolean]>([
    ['unack', true],
    ['latchedUnack', true],
    ['rtnUnack', false],
    ['acked', false],
    ['latchedAcked', false],
  ])('of an alarm that is %s sounds: %s', (state, sounds) => {
    const horn = new Horn();
    horn.follow([alarm('a', 2, state)]);
    expect(horn.priority(all)).toBe(sounds ? 2 : null);
  });

  it('ends with the acknowledgement, and goes on for what is left', () => {
    const horn = new Horn();
    horn.follow([alarm('a', 1), alarm('b', 3)]);
    horn.follow([alarm('a', 1, 'acked'), alarm('b', 3)]);
    expect(horn.priority(all)).toBe(3);
    horn.follow([alarm('a', 1, 'acked'), alarm('b', 3, 'acked')]);
    expect(horn.priority(all)).toBeNull();
  });

  it('is silenced for what called, and sounds again for a new alarm, even a less urgent one', () => {
    const horn = new Horn();
    horn.follow([alarm('a', 1), alarm('b', 2)]);
    horn.silence();
    expect(horn.priority(all)).toBeNull();
    expect(horn.open).toBe(0);
    horn.follow([alarm('a', 1), alarm('b', 2)]);
    expect(horn.priority(all), 'the same alarms stay silenced').toBeNull();
    expect(horn.follow([alarm('a', 1), alarm('b', 2), alarm('c', 4)]).map((each) => each.message)).toEqual(['c']);
    expect(horn.priority(all)).toBe(4);
    horn.follow([alarm('a', 1), alarm('b', 2), alarm('c', 4, 'acked')]);
    expect(horn.priority(all)).toBeNull();
  });

  it('sounds again when a silenced alarm is annunciated anew', () => {
    const horn = new Horn();
    horn.follow([alarm('a', 2)]);
    horn.silence();
    horn.follow([alarm('a', 2, 'acked')]);
    expect(horn.follow([alarm('a', 2)])).toHaveLength(1);
    expect(horn.priority(all)).toBe(2);
  });

  it('sounds again when a latched alarm recurs after it was silenced', () => {
    const horn = new Horn();
    horn.follow([alarm('a', 2)]);
    horn.silence();
    horn.follow([alarm('a', 2, 'latchedUnack')]);
    expect(horn.priority(all), 'that its cause went is no news').toBeNull();
    horn.follow([alarm('a', 2, 'unack')]);
    expect(horn.priority(all)).toBe(2);
  });

  it('is not sounded by what is shelved or suppressed', () => {
    const horn = new Horn();
    expect(horn.follow([alarm('a', 1, 'unack', false), alarm('b', 3, 'unack', true)])).toHaveLength(1);
    expect(horn.priority(all)).toBe(3);
  });

  it('of a priority that is switched off leaves the next one to be heard', () => {
    const horn = new Horn();
    horn.follow([alarm('a', 1), alarm('b', 3)]);
    expect(horn.priority((priority) => priority !== 1)).toBe(3);
    expect(horn.priority(() => false)).toBeNull();
    expect(horn.open, 'there still is something to silence for whoever switches it on').toBe(2);
  });
});
