import { createContext } from 'svelte';

import { NOTHING } from './contract/commands';
import type { ActiveAlarm, Session, Status, TagView, SuppressedAlarm } from './contract/contract';
import { callError, type CallError, type Host } from './host/host';
import { isUnacknowledged, summarise } from './live/alarm-summary';
import { Clock } from './live/clock.svelte';
import { Follower } from './live/follower';
import { LiveTag } from './live/live-tag.svelte';
import { PlantIndex } from './live/plant-index';
import { Pulse } from './live/pulse.svelte';
import { LiveTable } from './live/table';
import { Annunciator } from './sound/annunciator.svelte';

/** The connection figures are counters; they are read again this often while somebody looks. */
const STATUS_MS = 1_000;

/**
 * The operator's station: everything the screens share. It keeps session, plant, alarms and status in step with the
 * revisions that each frame carries; screens read it and ask it for tags, they fetch none of this themselves.
 */
export class Station {
  readonly host: Host;
  readonly table = new LiveTable();
  readonly pulse: Pulse;
  readonly clock: Clock;
  /** The horn of this station. */
  readonly annunciator: Annunciator;
  session = $state.raw<Session | null>(null);
  plant = $state.raw<PlantIndex | null>(null);
  /** Unacknowledged first, then by priority, then newest first, as the engine orders them. */
  alarms = $state.raw<readonly ActiveAlarm[]>([]);
  /** The alarms that are not announced: shelved, suppressed by design, out of service. */
  suppressed = $state.raw<readonly SuppressedAlarm[]>([]);
  /** Whether `alarms` is what the engine last told of. */
  alarmsRead = $state(false);
  /** Those that somebody still has to take notice of, in the same order. */
  readonly unacknowledged = $derived(this.alarms.filter(isUnacknowledged));
  /** Counts for every node of the equipment tree; the plant's own alarms under the empty path. */
  readonly summary = $derived(summarise(this.alarms));
  status = $state.raw<Status | null>(null);
  /** Why the plant or the session could not be read; null once it was. */
  failure = $state.raw<CallError | null>(null);

  #tags = new Map<number, LiveTag>();
  readonly #plantRead: Follower;
  readonly #alarmsRead: Follower;
  readonly #statusRead: Follower;
  #statusWatchers = 0;
  #statusTimer: ReturnType<typeof setInterval> | undefined;

  constructor(host: Host) {
    this.host = host;
    this.pulse = new Pulse(host, this.table);
    this.clock = new Clock(() => this.pulse.now());
    this.annunciator = new Annunciator(host);
    this.#plantRead = new Follower(() => this.#readPlant());
    this.#alarmsRead = new Follower(() => this.#readAlarms());
    this.#statusRead = new Follower(() => this.#readStatus());
    this.pulse.onFrame((frame) => {
      if (this.session === null || frame.plantRevision !== this.plant?.revision) {
        this.#plantRead.follow(frame.plantRevision);
      }
      this.#alarmsRead.follow(frame.alarmRevision);
      this.#statusRead.follow(frame.statusRevision);
    });
  }

  /** Begins to follow the engine. The returned function ends it. */
  start(): () => void {
    this.pulse.start();
    const stopSound = this.annunciator.start();
    void this.#plantRead.again();
    return () => {
      this.pulse.stop();
      stopSound();
      clearInterval(this.#statusTimer);
      for (const each of [this.#plantRead, this.#alarmsRead, this.#statusRead]) each.stop();
    };
  }

  /** The live value of a tag. The same object for the same tag while the plant stays. */
  tag(view: TagView): LiveTag {
    let tag = this.#tags.get(view.index);
    if (tag === undefined || tag.view !== view) {
      tag = new LiveTag(view, this.table, this.pulse);
      this.#tags.set(view.index, tag);
    }
    return tag;
  }

  /** Reads the active alarms now, without waiting for a frame to say that they changed. */
  async refreshAlarms(): Promise<void> {
    await this.#alarmsRead.again();
  }

  /** Reads the status now. */
  async refreshStatus(): Promise<void> {
    await this.#statusRead.again();
  }

  /** Keeps the counters of the status fresh until the returned function is called. */
  watchStatus(): () => void {
    this.#statusWatchers += 1;
    if (this.#statusWatchers === 1) {
      void this.#statusRead.again();
      this.#statusTimer = setInterval(() => {
        // Nobody looks at a page behind others.
        if (!document.hidden) void this.#statusRead.again();
      }, STATUS_MS);
    }
    return () => {
      this.#statusWatchers -= 1;
      if (this.#statusWatchers === 0) clearInterval(this.#statusTimer);
    };
  }

  /** Whether the person at the screen may do this. */
  may(permission: Session['permissions'][number]): boolean {
    return this.session?.permissions.includes(permission) ?? false;
  }

  async #readPlant(): Promise<void> {
    try {
      this.session = await this.host.call('session_read', NOTHING);
      const view = await this.host.call('plant_read', NOTHING);
      if (view.revision !== this.plant?.revision) {
        const plant = new PlantIndex(view);
        this.#tags = new Map();
        this.table.reset(plant.slots);
        this.pulse.use(plant.revision);
        this.plant = plant;
      }
      this.failure = null;
    } catch (thrown) {
      this.failure = callError(thrown);
      throw thrown;
    }
  }

  async #readAlarms(): Promise<void> {
    const read = await this.host.call('alarms_read', NOTHING);
    this.alarms = read.alarms;
    this.suppressed = read.suppressed;
    this.alarmsRead = true;
    this.annunciator.follow(this.alarms);
  }

  async #readStatus(): Promise<void> {
    this.status = await this.host.call('status_read', NOTHING);
  }
}

/** The station of the page, handed down from `App`. */
export const [getStation, setStation] = createContext<Station>();
