import type {
  BlockView,
  BrowsedView,
  BrowseGateway,
  CertificateView,
  GatewayDetail,
  GatewayView,
  NodeView,
  OfferView,
} from '../src/contract/contract';
import { CallError } from '../src/host/host';

const DAY_MS = 86_400_000;

/** A gateway in which all is well but for what is said. */
export function fakeGateway(over: Partial<GatewayView>): GatewayView {
  return {
    id: '',
    name: '',
    kind: 'mqtt',
    address: '',
    state: 'up',
    since: 0,
    reason: '',
    tags: 0,
    tagsNotGood: 0,
    messages: 482_113,
    messagesPerSecond: 61.2,
    samples: 901_220,
    samplesPerSecond: 118.4,
    bytes: 40_991_021,
    bytesPerSecond: 5_210,
    connects: 1,
    reconnects: 0,
    merged: 0,
    unknown: 4,
    overruns: 0,
    latencyMs: null,
    lastMessageAt: null,
    newestValueAt: null,
    certificate: null,
    blocks: 0,
    blocksFaulty: 0,
    nodes: 0,
    nodesFaulty: 0,
    errors: [],
    lastError: null,
    lastErrorAt: null,
    ...over,
  };
}

/** So many gateways of every kind, every seventh with trouble. */
export function manyGateways(count: number, now: number): GatewayView[] {
  const kinds = ['mqtt', 'modbus-tcp', 'sparkplug', 'modbus-rtu'] as const;
  return Array.from({ length: count }, (_, at) => {
    const down = at % 7 === 3;
    const kind = kinds[at % kinds.length] ?? 'mqtt';
    return fakeGateway({
      id: `gateway-${at + 1}`,
      name: `${['Filler', 'Capper', 'Packer', 'Boiler', 'Pump house'][at % 5]} ${at + 1}`,
      kind,
      address: `10.20.${Math.floor(at / 250)}.${(at % 250) + 1}:${kind === 'mqtt' ? 8883 : 502}`,
      state: down ? (at % 2 === 0 ? 'connecting' : 'down') : 'up',
      since: now - 60_000 * (at + 1),
      reason: down ? 'No answer within 2 s; next attempt in 4 s' : '',
      tags: 200,
      tagsNotGood: down ? 200 : at % 9 === 0 ? 3 : 0,
      messagesPerSecond: down ? 0 : 10 + at,
      samplesPerSecond: down ? 0 : 200 + at,
      bytesPerSecond: down ? 0 : 1_900 + 731 * at,
      reconnects: at % 5,
      latencyMs: kind.startsWith('modbus') ? 3.2 + at / 10 : null,
      lastMessageAt: now - (down ? 60_000 : 300),
      newestValueAt: now - (down ? 60_000 : 400),
      errors: down ? [{ kind: 'silent', count: 12 + at }] : [],
    });
  });
}

/** What is behind one of the fake gateways. */
export function fakeDetail(gateway: GatewayView, now: number): GatewayDetail {
  const empty = { gateway, certificates: [], blocks: [], nodes: [], remarks: [] };
  if (gateway.kind === 'sparkplug') {
    const remarks = [
      { caption: 'Host application', words: 'andon-panel-3, primary, STATE online since 09:12:04' },
      { caption: 'Session', words: 'MQTT 5, clean start' },
    ];
    return { ...empty, nodes: nodes(gateway, now), remarks };
  }
  if (gateway.kind.startsWith('modbus')) {
    const remarks = [{ caption: 'Connection', words: 'one socket for 3 units, requests one after another' }];
    return { ...empty, blocks: blocks(gateway), remarks };
  }
  const remarks = [
    { caption: 'Session', words: 'MQTT 5, kept by the broker for 1 h, present at the last connect' },
    { caption: 'Subscriptions', words: '14 filters granted with QoS 1' },
  ];
  return { ...empty, certificates: gateway.certificate === null ? [] : certificates(now), remarks };
}

function certificates(now: number): CertificateView[] {
  const fingerprint = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
  return [
    {
      owner: 'peer',
      subject: 'CN=broker.line1.ulm.example, O=Ulm Waters',
      notBefore: now - 340 * DAY_MS,
      notAfter: now + 25 * DAY_MS + 1,
      daysLeft: 25,
      level: 'warning',
      fingerprint,
    },
    {
      owner: 'own',
      subject: 'CN=panel-3',
      notBefore: now - 30 * DAY_MS,
      notAfter: now + 52 * DAY_MS,
      daysLeft: 52,
      level: 'information',
      fingerprint: [...fingerprint].reverse().join(''),
    },
    {
      owner: 'authority',
      subject: 'CN=Ulm Waters plant CA 2',
      notBefore: now - 800 * DAY_MS,
      notAfter: now + 2_900 * DAY_MS,
      daysLeft: 2_900,
      level: 'good',
      fingerprint,
    },
  ];
}

function blocks(gateway: GatewayView): BlockView[] {
  const all = Array.from({ length: gateway.blocks }, (_, at): BlockView => ({
    unit: 1 + (at % 3),
    table: at % 5 === 4 ? 'coils' : 'holding registers',
    first: at * 120,
    count: 20 + ((at * 37) % 100),
    tags: 4 + (at % 9),
    periodMs: at % 4 === 0 ? 200 : 1_000,
    latencyMs: 2.4 + (at % 7) * 0.6,
    fault: at === 11 || at === 23 ? 'exception 02: the device has no such register; asked again in 58 s' : '',
  }));
  return [...all.filter((each) => each.fault !== ''), ...all.filter((each) => each.fault === '')];
}

function nodes(gateway: GatewayView, now: number): NodeView[] {
  const all = Array.from({ length: gateway.nodes }, (_, at): NodeView => ({
    path: ['Ulm', `edge-${1 + Math.floor(at / 3)}`, ...(at % 3 === 0 ? [] : [`filler-${at}`])],
    online: at !== 7,
    since: now - 3_600_000 - at * 61_000,
    metrics: 24 + at * 3,
    messages: 10_400 + at * 917,
    gaps: at === 4 ? 3 : 0,
    rebirths: at === 4 ? 2 : 1,
    fault: at === 7 ? 'NDEATH at 09:14:31; its 45 tags are stale' : '',
  }));
  return [...all.filter((each) => !each.online), ...all.filter((each) => each.online)];
}

function offer(over: Partial<OfferView>): OfferView {
  return {
    path: '',
    name: '',
    hasMore: false,
    sample: null,
    kind: null,
    unit: '',
    range: null,
    address: null,
    writable: false,
    equipment: [],
    columns: [],
    tag: null,
    ...over,
  };
}

/** What the fake gateways offer. */
export function fakeBrowse(gateway: GatewayView, { path, options }: BrowseGateway): BrowsedView {
  if (gateway.state !== 'up') throw new CallError('unavailable', 'the gateway is not connected', 'F12');
  if (gateway.kind === 'sparkplug') return metrics(path);
  if (gateway.kind.startsWith('modbus')) return registers(path, options);
  return topics(path);
}

function topics(path: string): BrowsedView {
  const place = (name: string): OfferView => offer({ path: `${path}${name}/`, name, hasMore: true });
  if (path === '') {
    const hostile = 'plain\u202egnp.exe <img src=x onerror=alert(1)>';
    const offers = [
      place('line1'),
      place('line2'),
      place('$SYS'),
      offer({ path: hostile, name: hostile, sample: '\u0000\u0001\u0002', kind: 'text', address: { topic: hostile } }),
    ];
    return { offers, more: 1_204, remark: 'collected for 5 s, retained messages first' };
  }
  if (path === '$SYS/') throw new CallError('unavailable', 'the broker refused the subscription to $SYS/#', 'F13');
  if (path.split('/').length === 2) return { offers: ['filler', 'capper', 'empty'].map(place), more: 0, remark: '' };
  if (path.includes('empty')) return { offers: [], more: 0, remark: 'nothing came within 5 s' };
  const value = (name: string, over: Partial<OfferView>): OfferView =>
    offer({ path: path + name, name, address: { topic: path + name }, ...over });
  const json = '{"timestamp_ms":1795399200000,"value":71.24,"unit":"degC","line":{"id":4,"name":"Füller Süd"}}';
  const pointed = { topic: `${path}state`, pointer: '/value' };
  return {
    offers: [
      value('temperature', { sample: '71.24', kind: 'float', unit: '°C', tag: 'ulm/filling/line1/filler/temperature' }),
      value('count', { sample: '9007199254740993', kind: 'int' }),
      value('door', { sample: 'true', kind: 'bool' }),
      value('state', { sample: json, kind: 'float', address: pointed }),
      value('recipe', { sample: 'Still water 0.5 l, bottle "Donau", batch 2026-11-23/4'.repeat(12), kind: 'text' }),
    ],
    more: 0,
    remark: '',
  };
}

function metrics(path: string): BrowsedView {
  const depth = path === '' ? 0 : path.split('/').length;
  const below = (name: string): string => (path === '' ? name : `${path}/${name}`);
  if (depth === 0) return { offers: [offer({ path: 'Ulm', name: 'Ulm', hasMore: true })], more: 0, remark: '' };
  if (depth === 1) {
    const offers = [1, 2, 3, 4].map((at) => offer({ path: below(`edge-${at}`), name: `edge-${at}`, hasMore: true }));
    return { offers, more: 0, remark: '' };
  }
  if (depth === 2) {
    const offers = [1, 2].map((at) => offer({ path: below(`filler-${at}`), name: `filler-${at}`, hasMore: true }));
    return { offers, more: 0, remark: '' };
  }
  const metric = (name: string, over: Partial<OfferView>): OfferView =>
    offer({ path: below(name), name, address: { metric: name }, equipment: path.split('/'), ...over });
  return {
    offers: [
      metric('Inputs/Speed', { sample: '588.2', kind: 'float', unit: '1/min', range: [0, 1_200] }),
      metric('Outputs/Setpoint', { sample: '600', kind: 'float', unit: '1/min', range: [0, 1_200], writable: true }),
      metric('Inputs/Good', { sample: '120443', kind: 'int' }),
      metric('Properties/Firmware', { sample: '4.2.1-rc3', kind: 'text' }),
    ],
    more: 0,
    remark: '',
  };
}

/** All digits of a number, as the engine writes them. */
function decimal(of: number): string {
  const size = Math.abs(of);
  if (size >= 1e15) return BigInt(of).toString();
  return size !== 0 && size < 1e-6 ? of.toFixed(45).replace(/0+$/, '') : String(of);
}

function registers(path: string, options: BrowseGateway['options']): BrowsedView {
  if (path === '') {
    const offers = [1, 2, 7].map((unit) =>
      offer({
        path: `unit/${unit}`,
        name: `unit ${unit}`,
        hasMore: true,
        columns: [{ caption: 'time', words: '4.1 ms' }],
      }),
    );
    return { offers, more: 0, remark: options['units'] === undefined ? 'the units that the plant names' : '' };
  }
  const [, unit, table] = path.split('/');
  if (table === undefined) {
    const offers = ['holding', 'input', 'coil', 'discrete'].map((name) =>
      offer({ path: `${path}/${name}`, name, hasMore: true, writable: name === 'holding' || name === 'coil' }),
    );
    return { offers, more: 0, remark: '' };
  }
  const first = Number(options['start'] ?? 0);
  const count = Number(options['count'] ?? 64);
  const view = new DataView(new ArrayBuffer(2 * (count + 1)));
  for (let at = 0; at <= count; at += 1) view.setUint16(2 * at, (at * 2_654_435 + 16_968) % 65_536);
  const offers = Array.from({ length: count }, (_, at) => {
    const word = view.getUint16(2 * at);
    const bytes = [0, 1, 2, 3].map((byte) => view.getUint8(2 * at + byte));
    const columns = [
      { caption: 'u16', words: String(word) },
      { caption: 'i16', words: String(view.getInt16(2 * at)) },
      { caption: 'hex', words: word.toString(16).toUpperCase().padStart(4, '0') },
      ...(['abcd', 'badc', 'cdab', 'dcba'] as const).flatMap((order) => {
        const turned = new DataView(new ArrayBuffer(4));
        [...order].forEach((letter, to) => turned.setUint8(to, bytes['abcd'.indexOf(letter)] ?? 0));
        return [
          { caption: `u32 ${order}`, words: String(turned.getUint32(0)) },
          { caption: `i32 ${order}`, words: String(turned.getInt32(0)) },
          { caption: `f32 ${order}`, words: decimal(turned.getFloat32(0)) },
        ];
      }),
    ];
    const address = { table, register: first + at, ...(unit === '1' ? {} : { unit: Number(unit) }) };
    const cell = `4x${String(first + at + 1).padStart(5, '0')}`;
    return offer({ path: `${path}/${first + at}`, name: cell, kind: 'int', sample: String(word), address, columns });
  });
  return { offers, more: 0, remark: '' };
}
