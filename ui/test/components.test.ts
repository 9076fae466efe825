import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import type { Component } from 'svelte';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import App from '../src/App.svelte';
import Banner from '../src/frame/Banner.svelte';
import { CallError } from '../src/host/host';
import { STALE } from '../src/live/quality';
import { SparkFeed } from '../src/live/spark-feed';
import Value from '../src/parts/Value.svelte';
import AlarmGrid from '../src/screens/alarms/AlarmGrid.svelte';
import AlarmRow from '../src/screens/alarms/AlarmRow.svelte';
import Store from '../src/screens/connections/Store.svelte';
import Tile from '../src/screens/overview/Tile.svelte';
import { Station } from '../src/station.svelte';
import { words } from '../src/text/words.svelte';
import { FakeHost } from './fake-host';
import { fakeAlarms, fakeStatus } from './fake-status';
import Stage from './Stage.svelte';

const FILLER = 'ulm/filling/line1/filler';

let host: FakeHost;
let station: Station;
let stop: () => void;

beforeEach(async () => {
  words.language = 'en';
  host = new FakeHost();
  station = new Station(host);
  stop = station.start();
  await waitFor(() => expect(station.plant).not.toBeNull());
});

afterEach(() => {
  cleanup();
  stop();
});

function show<Props extends Record<string, unknown>>(of: Component<Props>, props: Props): void {
  render(Stage as Component<{ station: Station; of: Component<Props>; props: Props }>, {
    props: { station, of, props },
  });
}

describe('a value', () => {
  it('is shown with its decimals and unit when it is good', async () => {
    host.set(host.tag(`${FILLER}/temperature`).index, 71.24);
    show(Value, { tag: host.tag(`${FILLER}/temperature`) });
    await waitFor(() => expect(screen.getByTestId('value-text').textContent).toBe('71.2'));
    const value = screen.getByTestId('value');
    expect(value.dataset['severity']).toBe('good');
    expect(value.textContent).toContain('°C');
    expect(within(value).queryByRole('img')).toBeNull();
  });

  it.each([
    ['stale', STALE],
    ['bad', 0x808c0000],
    ['uncertain', 0x40920000],
  ])('that is %s keeps its number, is marked, and tells its age', async (severity, code) => {
    host.set(host.tag(`${FILLER}/temperature`).index, 71.24, code, host.now - 41_000);
    show(Value, { tag: host.tag(`${FILLER}/temperature`) });
    const value = screen.getByTestId('value');
    await waitFor(() => expect(screen.getByTestId('value-text').textContent).toBe('71.2'));
    expect(value.dataset['severity']).toBe(severity);
    expect(within(value).getByRole('img')).toBeTruthy();
    expect(value.textContent).toMatch(/4[12] s/);
  });

  it('that never came is not shown as a number', async () => {
    show(Value, { tag: host.tag(`${FILLER}/temperature`) });
    expect(screen.getByTestId('value-text').textContent).toBe('– – –');
    expect(screen.getByTestId('value').dataset['severity']).toBe('bad');
  });

  it('turns stale when the engine no longer answers', async () => {
    host.set(host.tag(`${FILLER}/temperature`).index, 71.24);
    show(Value, { tag: host.tag(`${FILLER}/temperature`) });
    await waitFor(() => expect(screen.getByTestId('value').dataset['severity']).toBe('good'));
    host.failure = new CallError('unavailable', 'connection refused');
    await waitFor(() => expect(screen.getByTestId('value').dataset['severity']).toBe('stale'), { timeout: 4_000 });
  });

  it('takes words for on and off from the plant, and texts as text', async () => {
    host.set(host.tag(`${FILLER}/door`).index, true);
    host.set(host.tag(`${FILLER}/product`).index, '<b>Water</b>');
    show(Value, { tag: host.tag(`${FILLER}/door`) });
    await waitFor(() => expect(screen.getByTestId('value-text').textContent).toBe('open'));
    cleanup();
    show(Value, { tag: host.tag(`${FILLER}/product`) });
    await waitFor(() => expect(screen.getByTestId('value-text').textContent).toBe('<b>Water</b>'));
  });
});

describe('a machine’s tile', () => {
  const props = () => ({
    machine: station.plant?.equipment.get(FILLER) as NonNullable<ReturnType<typeof Object>>,
    feed: new SparkFeed(host, () => host.now),
    density: 'normal' as const,
  });

  it('says state, speed and target', async () => {
    host.set(host.tag(`${FILLER}/state`).index, 'Execute');
    host.set(host.tag(`${FILLER}/speed`).index, 588);
    host.set(host.tag(`${FILLER}/target`).index, 600);
    show(Tile as unknown as Component<Record<string, unknown>>, props());
    const tile = screen.getByTestId('tile');
    await waitFor(() => expect(tile.dataset['quality']).toBe('good'));
    expect(screen.getByTestId('tile-state').textContent).toContain('Execute');
    expect(screen.getByTestId('tile-value').textContent).toBe('588');
    expect(tile.textContent).toContain('/ 600');
    expect(tile.getAttribute('href')).toBe(`#/machine/${FILLER}`);
  });

  it('does not claim a state that it does not know', async () => {
    host.set(host.tag(`${FILLER}/state`).index, 'Execute', 0x80050000);
    host.set(host.tag(`${FILLER}/speed`).index, 588, STALE, host.now - 41_000);
    show(Tile as unknown as Component<Record<string, unknown>>, props());
    await waitFor(() => expect(screen.getByTestId('tile').dataset['quality']).toBe('bad'));
    expect(screen.getByTestId('tile-state').textContent).toContain('No state');
  });

  it('carries its highest alarm', async () => {
    host.setAlarms(fakeAlarms(host.plant, 40, host.now));
    show(Tile as unknown as Component<Record<string, unknown>>, props());
    const priority = Math.min(...host.alarms.filter((each) => each.equipment === FILLER).map((each) => each.priority));
    await waitFor(() => expect(screen.getByTestId('tile').textContent).toContain(`highest priority ${priority}`));
  });
});

describe('a store', () => {
  it('warns in words before it stops working', () => {
    const store = fakeStatus(host.plant, 1_760_000_000_000).history;
    show(Store, { name: 'History', store });
    expect(screen.queryByTestId('store-warning')).toBeNull();
    cleanup();
    show(Store, { name: 'History', store: { ...store, warning: 'The disk is more than 90 % full.' } });
    expect(screen.getByTestId('store-warning').textContent).toBe('The disk is more than 90 % full.');
    expect(screen.getByTestId('store').dataset['working']).toBe('true');
  });
});

describe('the alarm banner', () => {
  it('is quiet when nobody has to take notice', async () => {
    show(Banner as Component<Record<string, unknown>>, {});
    await waitFor(() => expect(screen.getByTestId('banner').textContent).toContain('No unacknowledged alarms'));
  });

  it('shows the newest of the highest priority, leads to it, and counts all', async () => {
    host.setAlarms(fakeAlarms(host.plant, 40, host.now));
    show(Banner as Component<Record<string, unknown>>, {});
    await waitFor(() => expect(screen.getAllByTestId('banner-alarm')).toHaveLength(2));
    const first = host.alarms.find((each) => each.ackedAt === null);
    const shown = screen.getAllByTestId('banner-alarm')[0];
    expect(shown?.dataset['occurrence']).toBe(first?.occurrence);
    expect(shown?.querySelector('a')?.getAttribute('href')).toContain('#/alarms?occurrence=');
    const open = host.alarms.filter((each) => each.ackedAt === null);
    expect(screen.getByTestId('banner-more').textContent).toContain(String(open.length - 2));
    const ones = open.filter((each) => each.priority === 1).length;
    expect(screen.getAllByTestId('banner-count')[0]?.textContent).toContain(String(ones));
  });
});

describe('an alarm’s row', () => {
  const row = (at: number, selected = false) => ({
    alarm: host.alarms[at] as (typeof host.alarms)[number],
    index: at,
    current: false,
    selected,
    choose: () => undefined,
    toggle: () => undefined,
  });

  it('says its state in words, and that its source is lost', () => {
    host.alarms = fakeAlarms(host.plant, 40, host.now).map((each) => ({ ...each, sourceLost: true }));
    show(AlarmRow, row(0, true));
    const shown = screen.getByTestId('alarm-row');
    expect(shown.dataset['state']).toBe(host.alarms[0]?.state);
    expect(shown.textContent).toContain(host.alarms[0]?.message);
    expect(shown.textContent).toContain('source lost');
    expect(shown.getAttribute('aria-selected')).toBe('true');
    expect(shown.getAttribute('aria-rowindex')).toBe('2');
  });
});

describe('the alarm list', () => {
  it('draws only what is in sight of ten thousand', () => {
    const alarms = fakeAlarms(host.plant, 10_000, host.now);
    const none = () => undefined;
    const order = { column: 'urgency' as const, descending: false };
    const acts = { choose: none, toggle: none, toggleAll: none, sort: none };
    show(AlarmGrid, { alarms, current: '', selected: new Set<string>(), order, ...acts });
    expect(screen.queryAllByTestId('alarm-row').length).toBeLessThan(100);
    expect(screen.getByTestId('alarm-grid').getAttribute('aria-rowcount')).toBe('10001');
  });
});

describe('acknowledging on the screen', () => {
  it('goes from the detail over a note to the journal, by keyboard alone', async () => {
    host.setAlarms(fakeAlarms(host.plant, 6, host.now));
    const alarm = host.alarms[0];
    location.hash = `#/alarms?occurrence=${encodeURIComponent(alarm?.occurrence ?? '')}`;
    render(App, { props: { host } });
    await waitFor(() => expect(screen.getByTestId('ack-button')).toBeTruthy());
    await fireEvent.keyDown(document.body, { key: 'k' });
    const note = await screen.findByTestId<HTMLTextAreaElement>('note-field');
    await fireEvent.input(note, { target: { value: 'Valve freed' } });
    await fireEvent.keyDown(note, { key: 'Enter' });
    await waitFor(() => expect(host.journal[0]?.note).toBe('Valve freed'));
    await waitFor(() => expect(screen.queryByTestId('note-field')).toBeNull());
    expect(host.journal[0]).toMatchObject({ kind: 'acknowledged', occurrence: alarm?.occurrence, user: 'berta' });
    location.hash = '';
  });
});
