import type { ActiveAlarm, AlarmState, PlantView, Status } from '../src/contract/contract';
import { fakeGateway } from './fake-gateways';

/** A status in which all is well but for one gateway, and for what the others have to tell. */
export function fakeStatus(plant: PlantView, now: number): Status {
  const store = {
    working: true,
    reason: '',
    notice: '',
    warning: '',
    since: now - 3_600_000,
    bytes: 48_230_400,
    written: 1_204_331,
    queued: 12,
    dropped: 0,
  };
  return {
    gateways: [
      fakeGateway({
        id: 'line-broker',
        name: 'Line broker',
        kind: 'mqtt',
        address: 'broker.line1.ulm.example:8883',
        tags: plant.tags.length - 30,
        since: now - 3_600_000,
        lastMessageAt: now - 120,
        newestValueAt: now - 340,
        reconnects: 2,
        connects: 3,
        certificate: { level: 'warning', daysLeft: 25 },
      }),
      fakeGateway({
        id: 'filler-plc',
        name: 'Filler PLC',
        kind: 'modbus-tcp',
        address: '127.0.0.1:1502, unit 1',
        tags: 30,
        since: now - 3_500_000,
        latencyMs: 3.2,
        lastMessageAt: now - 400,
        newestValueAt: now - 400,
        blocks: 30,
        blocksFaulty: 2,
        overruns: 3,
        errors: [{ kind: 'refused', count: 118 }],
        lastError: 'unit 3, holding registers 1320 to 1346: exception 02, the device has no such register',
        lastErrorAt: now - 31_000,
      }),
      fakeGateway({
        id: 'edge-broker',
        name: 'Edge nodes',
        kind: 'sparkplug',
        address: 'edge.ulm.example:1883',
        tags: 412,
        tagsNotGood: 45,
        since: now - 86_000_000,
        lastMessageAt: now - 80,
        newestValueAt: now - 90,
        nodes: 12,
        nodesFaulty: 1,
      }),
      fakeGateway({
        id: 'packer-plc',
        name: 'Packer PLC',
        kind: 'modbus-rtu',
        address: '/dev/ttyUSB0, 19200 8E1',
        state: 'down',
        since: now - 754_000,
        reason: 'There is no such device: /dev/ttyUSB0. Next attempt in 27 s',
        tags: 48,
        tagsNotGood: 48,
        messagesPerSecond: 0,
        samplesPerSecond: 0,
        bytesPerSecond: 0,
        lastMessageAt: now - 754_000,
        newestValueAt: now - 755_000,
        reconnects: 7,
        connects: 8,
        blocks: 4,
        errors: [
          { kind: 'could not connect', count: 26 },
          { kind: 'silent', count: 3 },
        ],
        lastError: 'No such file or directory (os error 2)',
        lastErrorAt: now - 3_000,
      }),
    ],
    history: store,
    journal: { ...store, bytes: 1_204_000, written: 812, queued: 0 },
    notifications: null,
    stations: null,
    plant: { folder: '', activatedAt: now - 3_600_000, problems: [] },
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
      announcedAt: raisedAt,
      returnedAt: returned ? raisedAt + 2_000 : null,
      ackedAt: acked ? raisedAt + 3_000 : null,
      ackedBy: acked ? 'anton' : null,
      note: acked ? 'Valve reset by hand' : null,
      ackedAtStation: null,
      lastPriority: null,
      needsConfirmation: false,
      confirmed: null,
      notes: [],
      reAlarms: 0,
      firstOut: false,
      firstOutGroup: null,
      chattering: at % 13 === 5 ? { times: 9, seconds: 61 } : null,
      fleeting: at % 17 === 3 ? 2 : 0,
      sourceLost: at % 11 === 4,
    };
  });
  const rank = (each: ActiveAlarm): number => (each.ackedAt === null ? 0 : 10) + each.priority;
  return alarms.sort((a, b) => rank(a) - rank(b) || b.raisedAt - a.raisedAt);
}
