import type { AlarmView, EquipmentView, PlantView, TagView } from '../src/contract/contract';

const KINDS = ['Depalletiser', 'Filler', 'Capper', 'Labeller', 'Packer', 'Palletiser'];

/** A tag with everything a test does not care about filled in. */
export function tagView(index: number, id: string, over: Partial<TagView> = {}): TagView {
  return {
    index,
    id,
    name: id.slice(id.lastIndexOf('/') + 1),
    equipment: id.includes('/') ? id.slice(0, id.lastIndexOf('/')) : null,
    role: null,
    kind: 'float',
    unit: '',
    decimals: 1,
    range: null,
    normal: null,
    limits: [],
    gateway: 'line-broker',
    formula: null,
    words: null,
    recorded: true,
    sloped: false,
    ...over,
  };
}

/** A bottling plant of one site with so many machines, six or ten to a line. */
export function fakePlant(machines: number): PlantView {
  const equipment: EquipmentView[] = [{ id: 'ulm', parent: null, level: 'site', name: 'Ulm' }];
  const tags: TagView[] = [];
  const alarms: AlarmView[] = [];
  const perLine = machines <= 12 ? 6 : 10;
  for (let at = 0; at < machines; at += 1) {
    const line = Math.floor(at / perLine);
    const area = `ulm/${line % 4 === 3 ? 'packing' : 'filling'}`;
    const linePath = `${area}/line${line + 1}`;
    if (!equipment.some((each) => each.id === area)) {
      const name = area.endsWith('packing') ? 'Packing' : 'Filling';
      equipment.push({ id: area, parent: 'ulm', level: 'area', name });
    }
    if (!equipment.some((each) => each.id === linePath)) {
      equipment.push({ id: linePath, parent: area, level: 'line', name: `Line ${line + 1}` });
    }
    const kind = KINDS[at % KINDS.length] ?? 'Filler';
    const path = `${linePath}/${kind.toLowerCase()}${at >= 6 ? at : ''}`;
    equipment.push({ id: path, parent: linePath, level: 'machine', name: at >= 6 ? `${kind} ${at}` : kind });
    machine(path, tags, alarms);
  }
  alarms.push({
    ...guidance('gateway/line-broker/connection', 'Line broker does not answer', null, null, 'connection lost', 1),
    cause: 'Broker stopped, or the network between it and this station is down.',
  });
  return { revision: 1, name: 'Ulm bottling', equipment, tags, alarms };
}

function machine(path: string, tags: TagView[], alarms: AlarmView[]): void {
  const add = (name: string, over: Partial<TagView>): TagView => {
    const tag = tagView(tags.length, `${path}/${name}`, over);
    tags.push(tag);
    return tag;
  };
  add('state', { name: 'State', kind: 'text', role: 'state' });
  add('speed', {
    name: 'Speed',
    unit: 'bpm',
    decimals: 0,
    role: 'speed',
    range: [0, 700],
    normal: [540, 640],
    limits: [{ kind: 'low', value: 450, priority: 3 }],
  });
  add('target', { name: 'Target speed', unit: 'bpm', decimals: 0, role: 'speedTarget', range: [0, 700] });
  const temperature = add('temperature', {
    name: 'Product temperature',
    unit: '°C',
    range: [0, 100],
    normal: [60, 80],
    limits: [
      { kind: 'highHigh', value: 90, priority: 1 },
      { kind: 'high', value: 82, priority: 2 },
      { kind: 'low', value: 55, priority: 3 },
    ],
  });
  const pressure = add('pressure', {
    name: 'Tank pressure',
    unit: 'bar',
    decimals: 2,
    range: [0, 4],
    normal: [1.8, 2.4],
    limits: [{ kind: 'lowLow', value: 1, priority: 1 }],
    gateway: 'filler-plc',
  });
  const vibration = add('vibration', {
    name: 'Bearing vibration',
    unit: 'mm/s',
    decimals: 2,
    range: [0, 12],
    normal: [0, 4.5],
    limits: [{ kind: 'high', value: 7.1, priority: 3 }],
    gateway: 'filler-plc',
  });
  add('power', { name: 'Power', unit: 'kW', range: [0, 40], gateway: 'filler-plc' });
  add('good', { name: 'Good units', kind: 'int', decimals: 0, role: 'goodCount' });
  add('reject', { name: 'Rejects', kind: 'int', decimals: 0, role: 'rejectCount' });
  const door = add('door', { name: 'Guard door', kind: 'bool', words: ['closed', 'open'], gateway: 'filler-plc' });
  add('cip', { name: 'Cleaning', kind: 'bool', words: ['idle', 'running'], gateway: 'filler-plc' });
  add('product', { name: 'Product', kind: 'text' });
  add('total', { name: 'Lifetime units', kind: 'int', decimals: 0 });
  add('rejectrate', {
    name: 'Reject rate',
    unit: '%',
    decimals: 2,
    formula: 'reject / (good + reject) * 100',
    gateway: null,
  });
  alarms.push(
    guidance(
      `${path}/temperature-hh`,
      'Product temperature very high',
      temperature.index,
      path,
      'high high, 90.0 °C',
      1,
    ),
    guidance(`${path}/temperature-high`, 'Product temperature high', temperature.index, path, 'high, 82.0 °C', 2),
    guidance(`${path}/vibration-high`, 'Bearing vibration high', vibration.index, path, 'high, 7.10 mm/s', 3),
    guidance(`${path}/pressure-ll`, 'Tank pressure very low', pressure.index, path, 'low low, 1.00 bar', 1),
    guidance(`${path}/door-open`, 'Guard door open', door.index, path, 'open', 4),
  );
}

function guidance(
  id: string,
  message: string,
  tag: number | null,
  equipment: string | null,
  condition: string,
  priority: number,
): AlarmView {
  return {
    id,
    message,
    tag,
    equipment,
    condition,
    priority,
    class: 'process',
    cause: 'Heat exchanger valve stuck open, or the product feed too slow.',
    consequence: 'Product above the limit has to be thrown away; the line stops within ten minutes.',
    action:
      'Check valve V-114 and set it to 40 % by hand. Call maintenance if the temperature does not fall in 5 minutes.',
    confirmation: '',
    timeToRespondS: 600,
    screen: null,
    document: null,
    enabledWhen: null,
    suppressedWhen: null,
  };
}
