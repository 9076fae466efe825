import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import type { Component } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { StartExport } from '../src/contract/contract';
import { DataExport } from '../src/trends/data-export.svelte';
import { CallError } from '../src/host/host';
import { Station } from '../src/station.svelte';
import { words } from '../src/text/words.svelte';
import { withPen } from '../src/trends/pens';
import TrendData from '../src/trends/TrendData.svelte';
import { encodePart } from './encode';
import { FakeHost } from './fake-host';
import Stage from './Stage.svelte';

const SPAN = { from: Date.UTC(2026, 10, 23, 6), to: Date.UTC(2026, 10, 23, 14) };
const REQUEST: StartExport = { tags: [0], ...SPAN, format: 'csv', form: 'long', every: null };

let host: FakeHost;
let files: Blob[];
let released: string[];

beforeEach(() => {
  words.language = 'en';
  host = new FakeHost();
  files = [];
  released = [];
  URL.createObjectURL = (file) => `blob:${files.push(file as Blob)}`;
  URL.revokeObjectURL = (url) => void released.push(url);
});

afterEach(cleanup);

function asked(command: string): unknown[] {
  return host.calls.filter((call) => call.command === command).map((call) => call.request);
}

/** Parts come one after the other. */
function parts(...texts: string[]): void {
  let at = 0;
  host.nextPart = () => {
    at += 1;
    return encodePart(at === texts.length, at, at / texts.length, texts[at - 1] ?? '');
  };
}

/** A part that comes when the test lets it. */
function held(): (text: string) => void {
  let answer: (bytes: ArrayBuffer) => void = () => undefined;
  host.nextPart = () => new Promise((resolve) => (answer = resolve));
  return (text) => answer(encodePart(false, 10, 0.5, text));
}

describe('a file', () => {
  it('is put together of its parts', async () => {
    parts('time,tag', ',value,quality', '\r\n');
    const file = new DataExport(host);
    await file.start(() => host.call('export_start', REQUEST), 'text/csv');
    expect(file.state).toBe('done');
    expect({ rows: file.rows, share: file.share, bytes: file.bytes }).toEqual({ rows: 3, share: 1, bytes: 24 });
    expect(files[0]?.type).toBe('text/csv');
    expect(files[0]?.size).toBe(24);
    expect(asked('export_start')).toEqual([REQUEST]);
    expect(asked('export_next')).toEqual([{ export: 1 }, { export: 1 }, { export: 1 }]);
    expect(asked('export_cancel')).toEqual([]);
    file.forget();
    expect(released).toEqual(['blob:1']);
  });

  it('that is cancelled is no file, and the engine is told', async () => {
    const answer = held();
    const file = new DataExport(host);
    const started = file.start(() => host.call('export_start', REQUEST), 'text/csv');
    await vi.waitFor(() => expect(asked('export_next')).toHaveLength(1));
    file.forget();
    answer('too late');
    await started;
    expect({ state: file.state, bytes: file.bytes, files }).toEqual({ state: 'idle', bytes: 0, files: [] });
    expect(asked('export_cancel')).toEqual([{ export: 1 }]);
  });

  it('that a page cannot hold is given up', async () => {
    host.nextPart = () => encodePart(false, 1, 0.1, 'x'.repeat(40));
    const file = new DataExport(host, 100);
    await file.start(() => host.call('export_start', REQUEST), 'text/csv');
    expect({ state: file.state, failure: file.failure }).toEqual({ state: 'failed', failure: null });
    expect(asked('export_next')).toHaveLength(3);
    expect(asked('export_cancel')).toHaveLength(1);
  });

  it('that fails says why', async () => {
    host.nextPart = () => {
      throw new CallError('storage', 'the disk reports an error');
    };
    const file = new DataExport(host);
    await file.start(() => host.call('export_start', REQUEST), 'text/csv');
    expect(file.state).toBe('failed');
    expect(file.failure?.message).toBe('the disk reports an error');
  });
});

describe('the window for data', () => {
  let closed: boolean;

  beforeEach(() => {
    closed = false;
    const pens = withPen([], host.tag('ulm/filling/line1/filler/temperature'));
    const props = { pens, span: SPAN, close: () => (closed = true) };
    render(Stage as Component<{ station: Station; of: typeof TrendData; props: typeof props }>, {
      props: { station: new Station(host), of: TrendData, props },
    });
  });

  it('writes what was chosen, and gives the keyboard the file', async () => {
    parts('a');
    await fireEvent.click(screen.getByRole('radio', { name: /an instant/ }));
    await fireEvent.change(screen.getByTestId('data-every'), {
      target: { value: screen.getByText<HTMLOptionElement>('15 min').value },
    });
    await fireEvent.click(screen.getByTestId('data-write'));
    const save = await screen.findByTestId('data-save');
    expect(asked('export_start')).toEqual([
      {
        tags: [host.tag('ulm/filling/line1/filler/temperature').index],
        ...SPAN,
        format: 'csv',
        form: 'wide',
        every: 900_000,
      },
    ]);
    expect(save.getAttribute('download')).toMatch(/^trend-\d{8}-\d{4}-\d{8}-\d{4}\.csv$/);
    await waitFor(() => expect(document.activeElement).toBe(save));
  });

  it('forgets the file when another one is wanted, and asks for no form of a Parquet', async () => {
    parts('a');
    await fireEvent.click(screen.getByRole('radio', { name: /an instant/ }));
    await fireEvent.click(screen.getByTestId('data-write'));
    await screen.findByTestId('data-save');
    await fireEvent.click(screen.getByRole('radio', { name: /Parquet/ }));
    expect(screen.queryByTestId('data-save')).toBeNull();
    expect(screen.queryByRole('radio', { name: /an instant/ })).toBeNull();
    parts('b');
    await fireEvent.click(screen.getByTestId('data-write'));
    expect((await screen.findByTestId('data-save')).getAttribute('download')).toMatch(/\.parquet$/);
    expect(asked('export_start').at(-1)).toMatchObject({ format: 'parquet', form: 'long', every: null });
  });

  it('shows how far it is, and can be cancelled by the same button', async () => {
    const answer = held();
    const button = screen.getByTestId('data-write');
    await fireEvent.click(button);
    await vi.waitFor(() => expect(asked('export_next')).toHaveLength(1));
    answer('half');
    await waitFor(() => expect(screen.getByText('50 %, 10 rows')).toBeTruthy());
    expect(screen.getByTestId<HTMLProgressElement>('data-progress').value).toBe(0.5);
    expect(screen.getByTestId('data-write')).toBe(button);
    await fireEvent.click(button);
    expect(screen.queryByTestId('data-progress')).toBeNull();
    expect(asked('export_cancel')).toEqual([{ export: 1 }]);
  });

  it('says why there is no file', async () => {
    host.nextPart = () => {
      throw new CallError('storage', 'the disk reports an error');
    };
    await fireEvent.click(screen.getByTestId('data-write'));
    expect((await screen.findByTestId('data-failure')).textContent).toContain('the disk reports an error');
  });

  it('ends the file when it is closed', async () => {
    held();
    await fireEvent.click(screen.getByTestId('data-write'));
    await vi.waitFor(() => expect(asked('export_next')).toHaveLength(1));
    await fireEvent.click(screen.getByRole('button', { name: 'Close' }));
    await waitFor(() => expect(closed).toBe(true));
    cleanup();
    await waitFor(() => expect(asked('export_cancel')).toEqual([{ export: 1 }]));
  });
});
