import type { ActiveAlarm, AlarmState, GatewayView, PlantView, Status } from '../src/contract/contract';

/** A status in which all is well. */
export function fakeStatus(plant: PlantView, now: number): Status {
  const store = {
    working: true,
    reason: '',
    notice: '',
    since: now - 3_600_000,
    bytes: 48_230_400,
    written: 1_204_331,
    queued: 12,
    dropped: 0,
  };
  return {
    gateways: [
      gateway({
        id: 'line-broker',
        name: 'Line broker',
        kind: 'mqtt',
        address: '127.0.0.1:1883',
        tags: plant.tags.length - 30,
        since: now - 3_600_000,
        lastMessageAt: now - 120,
      }),
      gateway({
        id: 'filler-plc',
        name: 'Filler PLC',
        kind: 'modbus-tcp',
        address: '127.0.0.1:1502, unit 1',
        tags: 30,
        since: now - 3_500_000,
        latencyMs: 3.2,
        lastMessageAt: now - 400,
      }),
    ],
    history: store,
    journal: { ...store, bytes: 1_204_000, written: 812, queued: 0 },
    plant: { folder: '', activatedAt: now - 3_600_000, problems: [] },
  };
}

function gateway(over: Partial<GatewayView>): GatewayView {
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
    connects: 1,
    merged: 0,
    unknown: 4,
    overruns: 0,
    latencyMs: null,
    lastMessageAt: null,
    errors: [],
    lastError: null,
    lastErrorAt: null,
    ...over,
  };
}

const STATES: readonly AlarmState[] = ['unack', 'unack', 'acked', 'rtnUnack', 'latchedUnack', 'latchedAcked'];

/** So many occurrences over the plant's alarms, in every state, in the engine's order. */
export function fakeAlarms(plant: PlantView, count: number, now: number): ActiveAlarm[] {
  const alarms = Array.from({ length: count }, (_, at): ActiveAlarm => {
    const view = plant.alarms[(at * 7) % plant.alarms.length];
    if (view === undefined) throw new Error('the fake plant has no alarms');
    const state = STATES[(at * 5) % STATES.length] ?? 'unack';
    const raisedAt = now - 4_000 - at * 7_310;
    const acked = state === 'acked' || state === 'latchedAcked';
    const returned = state !== 'unack' && state !== 'acked';
    return {
      occurrence: `${view.id}@${raisedAt}`,
      alarm: view.id,
      state,
      priority: view.priority,
      message: view.message,
      equipment: view.equipment,
      tag: view.tag,
      condition: view.condition,
      value: view.tag === null ? '' : '84.2 °C',
      raisedAt,
      returnedAt: returned ? raisedAt + 2_000 : null,
      ackedAt: acked ? raisedAt + 3_000 : null,
      ackedBy: acked ? 'anton' : null,
      note: acked ? 'Valve reset by hand' : null,
      sourceLost: at % 11 === 4,
    };
  });
  const rank = (each: ActiveAlarm): number => (each.ackedAt === null ? 0 : 10) + each.priority;
  return alarms.sort((a, b) => rank(a) - rank(b) || b.raisedAt - a.raisedAt);
}
