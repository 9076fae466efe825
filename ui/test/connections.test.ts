import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import type { Component } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { GatewayView } from '../src/contract/contract';
import { CallError, type Host } from '../src/host/host';
import { chooseGateways } from '../src/screens/connections/choose-gateways';
import { DetailFeed } from '../src/screens/connections/detail.svelte';
import ConnectionsScreen from '../src/screens/connections/ConnectionsScreen.svelte';
import { column } from '../src/screens/connections/browse/column';
import { questionsOf } from '../src/screens/connections/browse/questions';
import { Station } from '../src/station.svelte';
import { inlineTable, plain } from '../src/text/plain';
import { words } from '../src/text/words.svelte';
import { fakeGateway, manyGateways } from './fake-gateways';
import { FakeHost } from './fake-host';
import Stage from './Stage.svelte';

let host: FakeHost;
let station: Station;
let stop: () => void;

beforeEach(async () => {
  words.language = 'en';
  history.replaceState(null, '', '#/connections');
  dispatchEvent(new Event('hashchange'));
  host = new FakeHost();
  station = new Station(host);
  stop = station.start();
  await waitFor(() => expect(station.plant).not.toBeNull());
});

afterEach(() => {
  cleanup();
  stop();
  location.hash = '';
});

async function open(): Promise<void> {
  const props = { station, of: ConnectionsScreen as Component<Record<string, unknown>>, props: {} };
  render(Stage as unknown as Component<Record<string, unknown>>, { props });
  await screen.findByTestId('gateway-detail');
}

it('says that nobody can be told, why, and what was given up', async () => {
  const reason = 'anna@plant.example: cannot be reached';
  const givenUp = [{ id: '1', rule: 'night', to: 'berta@plant.example', at: host.now, reason: 'no such mailbox' }];
  const notifications = { working: false, reason, since: host.now, rules: 2, waiting: 3, delivered: 7, givenUp };
  host.setStatus({ ...host.status, notifications });
  await station.refreshStatus();
  await open();
  const shown = screen.getByTestId('notifications');
  expect(shown.dataset['working']).toBe('false');
  expect(shown.textContent).toContain(reason);
  expect(screen.getByTestId('given-up').textContent).toContain('berta@plant.example');
  host.setStatus({ ...host.status, notifications: null });
  await station.refreshStatus();
  await waitFor(() =>
    expect(screen.queryByTestId('notifications'), 'a plant without rules is not bothered').toBeNull(),
  );
});

const row = (id: string): HTMLElement => {
  const found = screen.getAllByTestId('gateway-row').find((each) => each.dataset['gateway'] === id);
  if (found === undefined) throw new Error(`no row of ${id}`);
  return found;
};

describe('the list of gateways', () => {
  const up = (over: Partial<GatewayView>): GatewayView => fakeGateway({ state: 'up', ...over });

  it('has what is not connected first, then what has other trouble, each in the plant file’s order', () => {
    const all = [
      up({ id: 'calm' }),
      up({ id: 'early', certificate: { level: 'information', daysLeft: 55 } }),
      up({ id: 'ends', certificate: { level: 'warning', daysLeft: 25 } }),
      up({ id: 'connecting', state: 'connecting' }),
      up({ id: 'faulty', blocksFaulty: 1 }),
      up({ id: 'down', state: 'down', reason: 'Connection refused' }),
    ];
    const ids = (text: string, trouble: boolean): string[] =>
      chooseGateways(all, { text, trouble }).map((each) => each.id);
    expect(ids('', false)).toEqual(['connecting', 'down', 'ends', 'faulty', 'calm', 'early']);
    expect(ids('', true)).toEqual(['connecting', 'down', 'ends', 'faulty']);
    expect(ids('REFUSED connection', false)).toEqual(['down']);
    expect(ids('nothing like it', false)).toEqual([]);
  });

  it('of a hundred is gone through by keyboard, and the chosen one shows its details', async () => {
    host.setStatus({ ...host.status, gateways: manyGateways(100, host.now) });
    await open();
    await waitFor(() => expect(screen.getAllByTestId('gateway-row')).toHaveLength(100));
    const grid = screen.getByTestId('gateway-grid');
    await fireEvent.keyDown(grid, { key: 'Home' });
    const first = screen.getAllByTestId('gateway-row')[0];
    expect(first?.dataset['state']).not.toBe('up');
    await waitFor(() =>
      expect(screen.getByTestId('gateway-detail').dataset['gateway']).toBe(first?.dataset['gateway']),
    );
    await fireEvent.keyDown(grid, { key: 'End' });
    await waitFor(() => expect(screen.getByTestId('gateway-detail').dataset['gateway']).toBe('gateway-100'));
    expect(grid.getAttribute('aria-activedescendant')).toBe(row('gateway-100').id);
    expect(row('gateway-100').getAttribute('aria-selected')).toBe('true');
  });

  it('says in words why one is down, and what is wrong behind one that is up', async () => {
    await open();
    expect(within(row('packer-plc')).getByTestId('gateway-reason').textContent).toContain('no such device');
    expect(within(row('packer-plc')).getByTestId('gateway-state').textContent).toContain('Down');
    expect(within(row('line-broker')).getByTestId('certificate-mark').dataset['level']).toBe('warning');
    expect(row('line-broker').textContent).toContain('Certificate: 25 d');
    expect(row('filler-plc').textContent).toContain('2 blocks with a fault');
  });

  it('is narrowed down by words and by trouble', async () => {
    await open();
    await fireEvent.input(screen.getByTestId('gateway-filter'), { target: { value: 'modbus' } });
    await waitFor(() => expect(screen.getAllByTestId('gateway-row')).toHaveLength(2));
    await fireEvent.input(screen.getByTestId('gateway-filter'), { target: { value: 'no such gateway' } });
    await screen.findByText('No gateway matches the filter.');
  });
});

describe('the details of a gateway', () => {
  it('show its certificates with the days that are left, and its session', async () => {
    await open();
    const certificates = await screen.findByTestId('certificates');
    expect(certificates.textContent).toContain('25 days left');
    expect(
      within(certificates)
        .getAllByTestId('certificate-mark')
        .map((each) => each.dataset['level']),
    ).toEqual(['warning', 'information', 'good']);
    expect(screen.getByTestId('remarks').textContent).toContain('kept by the broker');
  });

  it('show the plan of polls with its faults first, and the edge nodes', async () => {
    await open();
    await fireEvent.click(row('filler-plc'));
    await fireEvent.click(await screen.findByTestId('part-blocks'));
    await waitFor(() => expect(screen.getAllByTestId('block')).toHaveLength(30));
    expect(screen.getByTestId('part-blocks').textContent).toContain('2 faulty');
    expect(screen.getAllByTestId('block')[0]?.textContent).toContain('fault');
    expect(screen.getByTestId('blocks').textContent).toContain('exception 02');
    await fireEvent.click(row('edge-broker'));
    await fireEvent.click(await screen.findByTestId('part-nodes'));
    await waitFor(() => expect(screen.getAllByTestId('node')).toHaveLength(12));
    expect(screen.getAllByTestId('node')[0]?.textContent).toContain('Offline');
  });

  it('are read one at a time while somebody looks, and no more after', async () => {
    vi.useFakeTimers();
    let waiting = 0;
    let asked = 0;
    const slow = {
      frame: () => Promise.reject(new Error('nobody asks for values')),
      call: async () => {
        asked += 1;
        waiting += 1;
        expect(waiting).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, 3_000));
        waiting -= 1;
        return {};
      },
    } as unknown as Host;
    const feed = new DetailFeed(slow, 'line-broker');
    const leave = feed.start();
    await vi.advanceTimersByTimeAsync(9_000);
    expect(asked).toBe(3);
    leave();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toBe(3);
    vi.useRealTimers();
  });
});

describe('a look at what a gateway offers', () => {
  const offer = (path: string): HTMLElement => {
    const found = screen.getAllByTestId('offer').find((each) => each.dataset['path'] === path);
    if (found === undefined) throw new Error(`no offer ${path}`);
    return found;
  };

  async function look(): Promise<void> {
    await open();
    await fireEvent.click(screen.getByTestId('part-offers'));
    await fireEvent.click(screen.getByTestId('browse-look'));
    await screen.findByTestId('offers');
  }

  it('begins only when somebody asks for it, and says so at once', async () => {
    host.lookMs = 60;
    await open();
    await fireEvent.click(screen.getByTestId('part-offers'));
    expect(host.calls.filter((each) => each.command === 'gateway_browse')).toEqual([]);
    await fireEvent.click(screen.getByTestId('browse-look'));
    expect(screen.getByTestId('browse-status').textContent).toContain('Looking');
    expect(screen.getByTestId<HTMLButtonElement>('browse-look').disabled).toBe(true);
    await screen.findByTestId('offers');
    expect(host.calls.find((each) => each.command === 'gateway_browse')?.request).toEqual({
      gateway: 'line-broker',
      path: '',
      options: { filter: '#', seconds: 5 },
    });
  });

  it('opens places one by one, by mouse and by keyboard, and shows all of what is chosen', async () => {
    await look();
    expect(screen.getByTestId('browse-more').textContent).toContain('1204 more');
    await fireEvent.click(offer('line1/'));
    await waitFor(() => expect(offer('line1/filler/').getAttribute('aria-level')).toBe('2'));
    const tree = screen.getByTestId('offers');
    await fireEvent.keyDown(tree, { key: 'ArrowDown' });
    await fireEvent.keyDown(tree, { key: 'ArrowRight' });
    await waitFor(() => expect(offer('line1/filler/temperature').textContent).toContain('71.24'));
    expect(offer('line1/filler/temperature').textContent).toContain('ulm/filling/line1/filler/temperature');
    await fireEvent.click(offer('line1/filler/state'));
    expect(screen.getByTestId('offer-address').textContent).toBe(
      '{ topic = "line1/filler/state", pointer = "/value" }',
    );
    await fireEvent.click(offer('line1/'));
    await waitFor(() => expect(screen.getAllByTestId('offer')).toHaveLength(4));
  });

  it('says what failed and what is empty where it is', async () => {
    await look();
    await fireEvent.click(offer('$SYS/'));
    await screen.findByText(/the broker refused the subscription/);
    host.failure = null;
    await fireEvent.click(offer('line1/'));
    await waitFor(() => offer('line1/empty/'));
    await fireEvent.click(offer('line1/empty/'));
    await screen.findByText(/nothing came within 5 s/);
  });

  it('shows a register in every order of its bytes', async () => {
    await open();
    await fireEvent.click(row('filler-plc'));
    await fireEvent.click(await screen.findByTestId('part-offers'));
    const question = await screen.findByTestId<HTMLSelectElement>('browse-question');
    await fireEvent.change(question, { target: { value: question.options[2]?.value } });
    question.selectedIndex = 2;
    await fireEvent.change(question);
    await fireEvent.click(screen.getByTestId('browse-look'));
    await waitFor(() => expect(screen.getAllByTestId('offer')).toHaveLength(32));
    const heads = within(screen.getByTestId('offers')).getAllByRole('columnheader');
    const captions = heads.map((each) => each.textContent);
    for (const order of ['abcd', 'badc', 'cdab', 'dcba']) expect(captions).toContain(`f32 ${order}`);
  });

  it('takes what a peer calls its things for text', async () => {
    await look();
    const hostile = screen.getAllByTestId('offer').find((each) => each.textContent?.includes('onerror'));
    expect(hostile?.textContent).toContain('plain⟨202E⟩gnp.exe <img src=x');
    expect(document.querySelector('img')).toBeNull();
  });

  it('is not offered to whoever may not, nor of a gateway that is down', async () => {
    await open();
    await fireEvent.click(screen.getByTestId('part-offers'));
    await fireEvent.click(row('packer-plc'));
    await waitFor(() => expect(screen.getByTestId<HTMLButtonElement>('browse-look').disabled).toBe(true));
    station.session = { ...host.session, permissions: ['view'] };
    await screen.findByText(/You may not look here/);
    expect(screen.queryByTestId('browse-look')).toBeNull();
  });

  it('that fails says why', async () => {
    await open();
    await fireEvent.click(screen.getByTestId('part-offers'));
    host.failure = new CallError('unavailable', 'the gateway is busy with other requests', 'F7');
    await fireEvent.click(screen.getByTestId('browse-look'));
    await waitFor(() => expect(screen.getByTestId('browse').textContent).toContain('busy with other requests'));
  });
});

describe('words from other machines', () => {
  it.each([
    ['line1', 'line1'],
    ['a\u202eb\u200bc', 'a⟨202E⟩b⟨200B⟩c'],
    ['two\nlines', 'two⏎lines'],
    ['\u0000', '⟨0000⟩'],
    ['Füllhöhe °C 温度 😀', 'Füllhöhe °C 温度 😀'],
  ])('%j is shown as %s', (text, shown) => {
    expect(plain(text)).toBe(shown);
  });

  it('are cut where they are too long, never within a sign', () => {
    expect(plain('x'.repeat(1_000_000), 10)).toBe(`${'x'.repeat(10)}…`);
    expect(plain('abc😀', 4)).toBe('abc…');
    expect(plain('two\nlines', 20, 'many')).toBe('two\nlines');
  });

  it('become an address as the plant file has it', () => {
    expect(inlineTable({ topic: 'a "b"\n', pointer: '/x', 'odd key': [1, true], at: { unit: 7 } })).toBe(
      '{ topic = "a \\"b\\"\\n", pointer = "/x", "odd key" = [1, true], at = { unit = 7 } }',
    );
    expect(inlineTable({ topic: '\u202e' })).toBe('{ topic = "\\u202e" }');
  });

  it.each([
    ['1995.5', '1995.5'],
    ['340282350000000000000000000000000000000', '3.402823e+38'],
    ['0.00000000000000000000000000000000000001', '1.000000e-38'],
    ['C4F1', 'C4F1'],
  ])('a column of %s reads %s', (text, shown) => {
    expect(column(text)).toBe(shown);
  });
});

describe('what can be asked', () => {
  it('is the protocol’s own', () => {
    expect(questionsOf('mqtt')[0].begin({ filter: 'line1/#', seconds: '3' })).toEqual({
      path: '',
      options: { filter: 'line1/#', seconds: 3 },
    });
    const [named, scan, read] = questionsOf('modbus-rtu');
    expect(named.begin({})).toEqual({ path: '', options: {} });
    expect(scan?.begin({ units: '1-247' })).toEqual({ path: '', options: { units: '1-247' } });
    expect(read?.begin({ unit: '7', table: 'holding', first: '100', count: '8' })).toEqual({
      path: 'unit/7/holding',
      options: { start: 100, count: 8 },
    });
    expect(questionsOf('sparkplug')).toHaveLength(1);
  });
});
