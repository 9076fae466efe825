import { describe, expect, it } from 'vitest';

import { FakeHost } from '../../../test/fake-host';
import type { AlarmView } from '../../contract/contract';
import { PlantIndex } from '../../live/plant-index';
import { de } from '../../text/de';
import { en } from '../../text/en';
import { classWord, conditionsOf, guidanceOf, referencesOf } from './guidance';

const host = new FakeHost(20);
const plant = new PlantIndex(host.plant);

function view(over: Partial<AlarmView>): AlarmView {
  const first = host.plant.alarms[0];
  if (first === undefined) throw new Error('the fake plant has alarms');
  const nothing = { cause: '', consequence: '', action: '', confirmation: '', timeToRespondS: null };
  return { ...first, ...nothing, ...over };
}

describe('what an operator is told', () => {
  it('begins with what to do and how long there is', () => {
    const told = guidanceOf(view({ cause: 'c', action: 'a', timeToRespondS: 90, confirmation: 'f' }), en.detail);
    expect(told.map((line) => line.text)).toEqual(['a', '1 min 30 s', 'f', 'c']);
    expect(guidanceOf(view({}), en.detail)).toEqual([]);
    const times = [30, 300, 7_200, 9_000].map(
      (timeToRespondS) => guidanceOf(view({ timeToRespondS }), en.detail)[0]?.text,
    );
    expect(times).toEqual(['30 s', '5 min', '2 h', '2 h 30 min']);
  });

  it('names when the alarm is looked at', () => {
    const told = conditionsOf(view({ enabledWhen: 'speed > 0', suppressedWhen: 'cleaning' }), de.detail);
    expect(told.map((line) => `${line.name} ${line.text}`)).toEqual([
      'Überwacht, solange speed > 0',
      'Unterdrückt, solange cleaning',
    ]);
    expect(conditionsOf(view({}), de.detail)).toEqual([]);
  });

  it('has a word for every class', () => {
    expect(classWord('highly-managed', en.detail)).toBe('Highly managed');
    expect(classWord('safety', de.detail)).toBe('Sicherheit');
    expect(classWord('of another version', de.detail)).toBe('of another version');
  });
});

const SAFE = 'https:';
const PLAIN = 'http:';

describe('where an alarm leads', () => {
  it('is a machine of the plant, the web, or a file that is only named', () => {
    const machine = plant.machines[0]?.id ?? '';
    const to = (screen: string | null, document: string | null) =>
      referencesOf(view({ screen, document }), plant, en.detail).map(({ href, outside }) => [href, outside]);
    expect(to(machine, `${SAFE}//manuals.local/a.pdf`)).toEqual([
      [`#/machine/${machine}`, false],
      [`${SAFE}//manuals.local/a.pdf`, true],
    ]);
    expect(to('mimics/filler.svg', null)).toEqual([[null, false]]);
    expect(to(null, null)).toEqual([]);
  });

  it('is never an address that this window must not follow', () => {
    for (const odd of [
      'javascript:alert(1)',
      `${PLAIN}//manuals.local/`,
      'data:text/html,x',
      `${'/'.repeat(2)}evil.local`,
    ]) {
      expect(referencesOf(view({ document: odd }), plant, en.detail)[0]?.href).toBeNull();
    }
  });
});
