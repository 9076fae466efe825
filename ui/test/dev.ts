import '../src/host/locale';
import '@fontsource-variable/inter';
import '../src/style/tokens.css';
import '../src/style/base.css';

import { mount } from 'svelte';

import { CallError } from '../src/host/host';
import { STALE } from '../src/live/quality';
import { manyGateways } from './fake-gateways';
import { FakeHost } from './fake-host';
import { fakeAlarms, fakeStatus } from './fake-status';

/**
 * The screens before an engine in memory, for looking at them: `dev.html?scene=normal|flood|dead|lost&machines=6&gateways=100`, with
 * `theme` and `language` as a person would have chosen them. Served by `npm run dev` only; the build does not contain it.
 */
const query = new URLSearchParams(location.search);
const scene = query.get('scene') ?? 'normal';
for (const each of ['theme', 'language']) {
  const wish = query.get(each);
  if (wish !== null) localStorage.setItem(`andon.${each}`, wish);
}

const host = new FakeHost(Number(query.get('machines') ?? '6'));
host.now = Date.now();
host.status = fakeStatus(host.plant, host.now);
const states = [
  'Execute',
  'Execute',
  'Execute',
  'Suspended',
  'Execute',
  'Held',
  'Execute',
  'Idle',
  'Aborted',
  'Starting',
];

function step(): void {
  host.now = Date.now();
  const phase = host.now / 1000;
  host.plant.tags.forEach((tag, at) => {
    const dead = scene === 'dead' && tag.gateway === 'filler-plc';
    if (dead && host.started) return;
    const quality = dead ? STALE : at % 97 === 50 ? 0x808c0000 : at % 89 === 60 ? 0x40920000 : 0;
    const time = dead ? host.now - 41_000 : host.now - 200;
    const machine = Math.floor(at / 14);
    const name = tag.id.slice(tag.id.lastIndexOf('/') + 1);
    if (name === 'state') host.set(at, states[machine % states.length] ?? 'Execute', quality, time);
    else if (name === 'product') host.set(at, 'Still water 0.5 l', quality, time);
    else if (tag.kind === 'bool') host.set(at, machine === 2 && name === 'door', quality, time);
    else if (name === 'total') host.set(at, 9_007_199_254_740_993n + BigInt(Math.floor(phase)), quality, time);
    else if (tag.kind === 'int')
      host.set(at, BigInt(Math.floor(phase * (name === 'good' ? 10 : 0.1)) % 1_000_000), quality, time);
    else if (name === 'target') host.set(at, 600, quality, time);
    else {
      const [low, high] = tag.normal ?? tag.range ?? [0, 10];
      const far = at % 41 === 3 ? 0.9 : 0.32;
      host.set(at, (low + high) / 2 + (high - low) * far * Math.sin(phase / 9 + at), quality, time);
    }
  });
  host.started = true;
}

step();
const alarms = scene === 'flood' ? 10_000 : scene === 'dead' ? 9 : Number(query.get('alarms') ?? '5');
host.setAlarms(fakeAlarms(host.plant, alarms, host.now));
for (let at = 60; at > 0; at -= 1) {
  const view = host.plant.alarms[at % 7];
  const time = host.now - at * 410_000;
  if (view === undefined) break;
  const entry = { ...view, alarm: view.id, occurrence: `${view.id}@${time}`, value: '83.1 °C' };
  const facts = {
    alarm: entry.alarm,
    occurrence: entry.occurrence,
    equipment: view.equipment,
    priority: view.priority,
  };
  host.write({ ...facts, message: view.message, value: entry.value, time, kind: 'raised' });
  host.write({ ...facts, message: view.message, time: time + 61_000, kind: 'returned' });
  const note = at % 3 === 0 ? 'Valve V-114 was stuck; freed it and ordered a new seat.' : '';
  const who = { user: 'anton', station: 'panel-1', note };
  host.write({ ...facts, ...who, message: view.message, time: time + 93_000, kind: 'acknowledged' });
}
host.write({ message: 'Andon started', time: host.now - 30_000 });

const gateways = Number(query.get('gateways') ?? '0');
if (gateways > 0) host.setStatus({ ...host.status, gateways: manyGateways(gateways, host.now) });
host.lookMs = Number(query.get('look') ?? '700');

if (scene === 'dead') {
  const [broker, plc, ...others] = host.status.gateways;
  if (broker !== undefined && plc !== undefined) {
    const lost = {
      state: 'down' as const,
      since: host.now - 41_000,
      reason: 'No answer within 2 s; next attempt in 4 s',
    };
    const errors = [
      { kind: 'no answer in time', count: 12 },
      { kind: 'could not connect', count: 3 },
    ];
    const lastError = { lastError: 'connection refused (os error 111)', lastErrorAt: host.now - 1_200 };
    host.setStatus({
      ...host.status,
      gateways: [
        broker,
        {
          ...plc,
          ...lost,
          ...lastError,
          errors,
          tagsNotGood: plc.tags,
          samplesPerSecond: 0,
          messagesPerSecond: 0,
          bytesPerSecond: 0,
        },
        ...others,
      ],
      history: {
        ...host.status.history,
        working: false,
        reason: 'No space left on the disk',
        dropped: 12_003,
        since: host.now - 9_000,
      },
      plant: {
        ...host.status.plant,
        folder: '/home/berta/plant',
        problems: [
          { error: true, file: 'plant.toml', line: 114, message: 'unknown key `lmit`', remedy: 'write `limit`' },
          { error: false, file: 'tags/filler.csv', line: 12, message: 'the tag has no unit', remedy: 'give it one' },
        ],
      },
    });
  }
}

setInterval(step, 100);
if (scene === 'lost') setTimeout(() => (host.failure = new CallError('unavailable', 'connection refused')), 3_000);

const target = document.getElementById('app');
if (target === null) throw new Error('dev.html has no element #app to draw in');
// The choices above are read when the screens' modules are.
const { default: App } = await import('../src/App.svelte');
mount(App, { target, props: { host } });
