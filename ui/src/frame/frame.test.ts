import { describe, expect, it, vi } from 'vitest';

import { keys } from './keys.svelte';
import { parsePlace, to } from './route.svelte';

describe('an address', () => {
  it.each([
    ['', 'overview', '', ''],
    ['#/', 'overview', '', ''],
    ['#/nowhere', 'overview', '', ''],
    ['#/machine/ulm/filling/line1/filler', 'machine', 'ulm/filling/line1/filler', ''],
    ['#/machine/a%20b/%25', 'machine', 'a b/%', ''],
    ['#/machine/%', 'machine', '%', ''],
    ['#/alarms?occurrence=x%3D1', 'alarms', '', 'occurrence=x%3D1'],
    ['#/trends?pens=a/b&last=900', 'trends', '', 'pens=a/b&last=900'],
  ])('%s is %s', (hash, screen, path, query) => {
    expect(parsePlace(hash)).toEqual({ screen, path, query });
  });

  it('of a machine leads back to it, whatever its path holds', () => {
    for (const path of ['ulm/line 1/f?ller', 'a/b#c', 'ä/ß']) expect(parsePlace(to.machine(path)).path).toBe(path);
  });
});

describe('keys', () => {
  function press(key: string, on: HTMLElement = document.body): void {
    on.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  }

  it('act for the newest screen first, and not while something is typed', () => {
    const listener = (event: KeyboardEvent): void => keys.press(event);
    addEventListener('keydown', listener);
    const [common, screen] = [vi.fn(), vi.fn()];
    const stopCommon = keys.use({ title: 'a', keys: [{ key: 'k', label: '', run: common }] });
    const stopScreen = keys.use({ title: 'b', keys: [{ key: 'k', label: '', run: screen }] });
    press('k');
    expect(screen).toHaveBeenCalledOnce();
    expect(common).not.toHaveBeenCalled();
    stopScreen();
    const input = document.body.appendChild(document.createElement('input'));
    press('k', input);
    expect(common).not.toHaveBeenCalled();
    press('k');
    expect(common).toHaveBeenCalledOnce();
    keys.single = false;
    press('k');
    expect(common).toHaveBeenCalledOnce();
    keys.single = true;
    stopCommon();
    input.remove();
    removeEventListener('keydown', listener);
  });
});
