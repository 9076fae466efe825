import type { Command, Commands } from '../src/contract/commands';
import type {
  ActedOn,
  ActiveAlarm,
  DemoView,
  GatewayView,
  HistorySummary,
  IntervalSummary,
  JournalEntry,
  JournalPage,
  PlantView,
  ReadHistory,
  ReadJournal,
  ReadSummary,
  Session,
  Status,
  TagView,
  ShelveAlarms,
  SuppressedAlarm,
  AlarmFlood,
  TriedAlarm,
  TryAlarm,
} from '../src/contract/contract';
import { CallError, type FrameRequest, type Host } from '../src/host/host';
import { KIND } from '../src/live/frame';
import { GOOD } from '../src/live/quality';
import { encodeFrame, encodePart, encodeSeries, type Row } from './encode';
import { fakeBrowse, fakeDetail } from './fake-gateways';
import { fakePlant } from './fake-plant';
import { fakePerformance } from './fake-performance';
import { fakeStatus } from './fake-status';
import { fakeChanged, fakeTried } from './fake-trial';

type Answer<C extends Command> = Commands[C]['answer'];

interface Kept extends Row {
  revision: number;
}

/** An engine in memory, for tests and for looking at screens: it holds whatever a test puts into it, and nothing moves. */
export class FakeHost implements Host {
  plant: PlantView;
  session: Session = {
    user: 'berta',
    station: 'panel-3',
    permissions: ['view', 'acknowledge', 'operate', 'configure'],
    host: 'browser',
    version: '0.1.0',
    demo: true,
  };
  status: Status;
  alarms: ActiveAlarm[] = [];
  suppressed: SuppressedAlarm[] = [];
  flood: AlarmFlood | null = null;
  journal: JournalEntry[] = [];
  demo: DemoView;
  /** The engine's wall time. */
  now = Date.UTC(2026, 10, 23, 9, 30, 0);
  ageMs = 0;
  /** When set, every call and every pull fails with it. */
  failure: CallError | null = null;
  /** When set, writing fails with it and nothing is written. */
  writeFailure: CallError | null = null;
  /** How long a look at a gateway takes. */
  lookMs = 0;
  /** The next part of a file that is exported. */
  nextPart: () => ArrayBuffer | Promise<ArrayBuffer> = () => encodePart(true, 0, 1, '');
  /** What a replay of an alarm's past comes to. */
  tryAlarm: (trial: TryAlarm) => TriedAlarm | Promise<TriedAlarm> = fakeTried;
  /** What has been asked for, newest last. */
  readonly calls: { command: Command; request: unknown }[] = [];
  lastFrame: FrameRequest | null = null;
  /** Whether this machine has something to make a sound with. */
  sound: boolean | null = true;
  /** Messages of the desktop, newest last. */
  readonly announced: { title: string; text: string }[] = [];
  /** Whether values have come in at least once. */
  started = false;

  #rows = new Map<number, Kept>();
  #revision = 1;
  #alarmRevision = 1;
  #statusRevision = 1;
  #seq = 1;

  constructor(machines = 6) {
    this.plant = fakePlant(machines);
    this.status = fakeStatus(this.plant, this.now);
    this.demo = {
      machines: this.plant.equipment
        .filter((each) => each.level === 'machine')
        .slice(0, 6)
        .map((each) => ({ id: each.id, name: each.name, jammed: false })),
      brokerRunning: true,
      plcFrozen: false,
      flooding: false,
    };
  }

  hasSound(): Promise<boolean | null> {
    return Promise.resolve(this.sound);
  }

  mayAnnounce(): Promise<boolean> {
    return Promise.resolve(true);
  }

  announce(title: string, text: string): Promise<void> {
    this.announced.push({ title, text });
    return Promise.resolve();
  }

  /** The tag with this id; a test that names none is wrong. */
  tag(id: string): TagView {
    const found = this.plant.tags.find((each) => each.id === id);
    if (found === undefined) throw new Error(`the fake plant has no tag ${id}`);
    return found;
  }

  /** A value comes in. */
  set(index: number, value: number | string | boolean | bigint | null, quality: number = GOOD, time = this.now): void {
    this.#revision += 1;
    const row = {
      tag: index,
      time,
      quality,
      text: '',
      value: NaN,
      kind: KIND.none as number,
      revision: this.#revision,
    };
    if (typeof value === 'number') Object.assign(row, { value, kind: KIND.float });
    if (typeof value === 'bigint') {
      const exact = value <= BigInt(Number.MAX_SAFE_INTEGER);
      Object.assign(row, { value: Number(value), kind: KIND.int, text: exact ? '' : value.toString() });
    }
    if (typeof value === 'boolean') Object.assign(row, { value: Number(value), kind: KIND.bool });
    if (typeof value === 'string') Object.assign(row, { text: value, kind: KIND.text });
    this.#rows.set(index, row);
  }

  /** The alarms have changed. */
  setAlarms(alarms: ActiveAlarm[]): void {
    this.alarms = alarms;
    this.#alarmRevision += 1;
  }

  /** The status has changed. */
  setStatus(status: Status): void {
    this.status = status;
    this.#statusRevision += 1;
  }

  /** Another plant is activated; the values of the old one are gone. */
  setPlant(plant: PlantView): void {
    this.plant = plant;
    this.#rows.clear();
  }

  write(entry: Partial<JournalEntry>): void {
    this.journal.unshift({
      seq: this.#seq,
      time: this.now,
      kind: 'system',
      alarm: null,
      occurrence: null,
      equipment: null,
      priority: null,
      message: '',
      value: '',
      user: '',
      station: '',
      note: '',
      ...entry,
    });
    this.#seq += 1;
  }

  async frame(request: FrameRequest): Promise<ArrayBuffer> {
    await Promise.resolve();
    if (this.failure !== null) throw this.failure;
    this.lastFrame = request;
    const full = request.since === 0 || request.plant !== this.plant.revision;
    const since = full ? 0 : request.since;
    const rows = request.tags.flatMap((tag) => {
      const row = this.#rows.get(tag);
      return row !== undefined && row.revision > since ? [row] : [];
    });
    const count = (keep: (alarm: ActiveAlarm) => boolean): number[] =>
      [1, 2, 3, 4].map((priority) => this.alarms.filter((each) => each.priority === priority && keep(each)).length);
    return encodeFrame(
      {
        full,
        plantRevision: this.plant.revision,
        alarmRevision: this.#alarmRevision,
        journalRevision: this.journal.length,
        statusRevision: this.#statusRevision,
        revision: this.#revision,
        now: this.now,
        ageMs: this.ageMs,
        unacknowledged: count((each) => each.ackedAt === null),
        active: count((each) => each.state !== 'rtnUnack'),
      },
      request.plant === this.plant.revision ? rows : [],
    );
  }

  async call<C extends Command>(command: C, request: Commands[C]['request']): Promise<Commands[C]['answer']> {
    await Promise.resolve();
    this.calls.push({ command, request });
    if (this.failure !== null) throw this.failure;
    const answers: { [K in Command]: (request: Commands[K]['request']) => Answer<K> | Promise<Answer<K>> } = {
      session_read: () => this.session,
      plant_read: () => this.plant,
      plant_reload: () => this.status.plant,
      status_read: () => this.status,
      gateway_read: ({ gateway }) => fakeDetail(this.#gateway(gateway), this.now),
      gateway_browse: async (browse) => {
        if (this.lookMs > 0) await new Promise((resolve) => setTimeout(resolve, this.lookMs));
        return fakeBrowse(this.#gateway(browse.gateway), browse);
      },
      plant_adopt: ({ tags, machines }) => ({
        tags: tags.map((each) => `${each.equipment ?? ''}/${each.id ?? each.name}`),
        machines: machines.map((each) => each.path),
        leftOut: [],
        plant: this.status.plant,
      }),
      tag_write: ({ value }) => ({ outcome: 'done', words: '', wanted: String(value), before: '' }),
      alarms_read: () => ({
        revision: this.#alarmRevision,
        alarms: this.alarms,
        suppressed: this.suppressed,
        flood: this.flood,
      }),
      alarm_companions: () => ({ from: 0, to: this.now, pairs: [] }),
      alarm_acknowledge: ({ occurrences, note }) => this.#acknowledge(occurrences, note),
      alarm_reset: ({ occurrences }) => this.#reset(occurrences),
      alarm_confirm: ({ occurrences }) => ({ done: occurrences, refused: [] }),
      alarm_note: ({ occurrences }) => ({ done: occurrences, refused: [] }),
      alarm_shelve: (shelve) => this.#shelve(shelve),
      alarm_unshelve: ({ alarms }) => this.#announce(alarms),
      alarm_out_of_service: ({ alarms }) => ({ done: alarms, refused: [] }),
      alarm_in_service: ({ alarms }) => this.#announce(alarms),
      alarm_try: (trial) => this.tryAlarm(trial),
      alarm_change: (change) => {
        if (this.writeFailure !== null) throw this.writeFailure;
        return fakeChanged(change, this.status);
      },
      journal_read: (read) => this.#journalPage(read),
      journal_export: () => ({ export: 1 }),
      alarm_performance: (read) => fakePerformance(read),
      history_read: (read) => this.#history(read),
      history_instant: () => new ArrayBuffer(0),
      history_summary: (read) => this.#summary(read),
      trend_draw: () => new ArrayBuffer(0),
      export_start: () => ({ export: 1 }),
      export_next: () => this.nextPart(),
      export_cancel: () => ({}),
      demo_read: () => this.demo,
      demo_act: (act) => {
        if (act.act === 'stopBroker' || act.act === 'startBroker') this.demo.brokerRunning = act.act === 'startBroker';
        if (act.act === 'freezePlc' || act.act === 'thawPlc') this.demo.plcFrozen = act.act === 'freezePlc';
        if (act.act === 'alarmFlood') this.demo.flooding = true;
        const jam = act.act === 'jam';
        if (act.act === 'jam' || act.act === 'clear') {
          this.demo.machines = this.demo.machines.map((each) =>
            each.id === act.machine ? { ...each, jammed: jam } : each,
          );
        }
        return { ...this.demo };
      },
    };
    return answers[command](request);
  }

  #gateway(id: string): GatewayView {
    const found = this.status.gateways.find((each) => each.id === id);
    if (found === undefined) throw new CallError('notFound', `there is no gateway "${id}"`, 'F11');
    return found;
  }

  #acknowledge(occurrences: string[], note: string): ActedOn {
    if (this.writeFailure !== null) throw this.writeFailure;
    const known = new Set(this.alarms.filter((each) => each.ackedAt === null).map((each) => each.occurrence));
    const done = occurrences.filter((each) => known.has(each));
    const hit = new Set(done);
    for (const alarm of this.alarms.filter((each) => hit.has(each.occurrence))) {
      this.write({
        ...entryOf(alarm),
        kind: 'acknowledged',
        user: this.session.user,
        station: this.session.station,
        note,
      });
    }
    this.setAlarms(
      this.alarms
        .filter((each) => !(hit.has(each.occurrence) && each.state === 'rtnUnack'))
        .map((each) =>
          hit.has(each.occurrence)
            ? {
                ...each,
                state: each.state === 'latchedUnack' ? 'latchedAcked' : 'acked',
                ackedAt: this.now,
                ackedBy: this.session.user,
                note,
              }
            : each,
        ),
    );
    const refused = occurrences.filter((each) => !hit.has(each));
    return { done, refused: refused.map((target) => ({ target, reason: 'already acknowledged' })) };
  }

  #reset(occurrences: string[]): ActedOn {
    const done = occurrences.filter((each) =>
      this.alarms.some((alarm) => alarm.occurrence === each && alarm.state === 'latchedAcked'),
    );
    this.setAlarms(this.alarms.filter((each) => !done.includes(each.occurrence)));
    const refused = occurrences.filter((each) => !done.includes(each));
    return { done, refused: refused.map((target) => ({ target, reason: 'its cause is still present' })) };
  }

  #shelve({ alarms, minutes, oneShot, note }: ShelveAlarms): ActedOn {
    const shelved = this.alarms.filter((each) => alarms.includes(each.alarm));
    this.suppressed = shelved.map(({ alarm, priority, message, equipment }) => ({
      alarm,
      priority,
      message,
      equipment,
      isPresent: true,
      shelved: { user: this.session.user, station: this.session.station, note, at: this.now },
      shelvedUntil: this.now + minutes * 60_000,
      oneShot,
      byDesign: null,
      byDesignSince: null,
      outOfService: null,
    }));
    this.setAlarms(this.alarms.filter((each) => !alarms.includes(each.alarm)));
    return { done: alarms, refused: [] };
  }

  #announce(alarms: string[]): ActedOn {
    this.suppressed = this.suppressed.filter((each) => !alarms.includes(each.alarm));
    return { done: alarms, refused: [] };
  }

  #journalPage(read: ReadJournal): JournalPage {
    const { filter } = read;
    const text = filter.text?.toLowerCase() ?? '';
    const found = this.journal.filter(
      (each) =>
        (read.before === null || each.seq < read.before) &&
        (filter.alarm === null || each.alarm === filter.alarm) &&
        (filter.equipment === null || (each.equipment ?? '').startsWith(filter.equipment)) &&
        (filter.priority === null || each.priority === filter.priority) &&
        (filter.kinds.length === 0 || filter.kinds.includes(each.kind)) &&
        (filter.from === null || each.time >= filter.from) &&
        (filter.to === null || each.time < filter.to) &&
        each.user.toLowerCase().includes(filter.user?.toLowerCase() ?? '') &&
        [each.message, each.note, each.user, each.equipment ?? ''].join(' ').toLowerCase().includes(text),
    );
    const entries = found.slice(0, read.limit);
    return { entries, next: found.length > entries.length ? (entries.at(-1)?.seq ?? null) : null };
  }

  /** Every tag was in the middle of its normal band, and once at either end. */
  #summary({ tags, from, to }: ReadSummary): HistorySummary {
    const interval = (tag: number): IntervalSummary => {
      const view = this.plant.tags.find((each) => each.index === tag);
      const [low, high] = view?.normal ?? view?.range ?? [0, 100];
      const middle = (low + high) / 2;
      return {
        from,
        to,
        count: 400,
        mean: middle,
        least: { value: low, time: from + (to - from) / 4 },
        greatest: { value: high, time: from + (to - from) / 2 },
        first: middle,
        last: middle,
        percentGood: 100,
        quality: GOOD,
      };
    };
    return { from, to, tags: tags.map((tag) => ({ tag, intervals: [interval(tag)], states: null, increase: null })) };
  }

  #history({ tags, from, to, pixels }: ReadHistory): ArrayBuffer {
    const n = Math.min(pixels, 400);
    return encodeSeries(
      tags.map((tag) => {
        const view = this.plant.tags.find((each) => each.index === tag);
        const [low, high] = view?.normal ?? view?.range ?? [0, 100];
        const time = Array.from({ length: n }, (_, at) => from + ((to - from) * at) / n);
        const gap = (at: number): boolean => tag % 7 === 3 && at > n * 0.6 && at < n * 0.68;
        return {
          tag,
          time,
          value: time.map((_, at) =>
            gap(at) ? NaN : (low + high) / 2 + ((high - low) / 2.5) * Math.sin(at / 17 + tag) * Math.cos(at / 5),
          ),
          quality: time.map((_, at) => (gap(at) ? 0x80050000 : GOOD)),
        };
      }),
    );
  }
}

function entryOf(alarm: ActiveAlarm): Partial<JournalEntry> {
  const { occurrence, equipment, priority, message, value } = alarm;
  return { alarm: alarm.alarm, occurrence, equipment, priority, message, value };
}
