import { NOTHING } from '../../contract/commands';
import type { AlarmFlood } from '../../contract/contract';
import { stored } from '../../frame/stored';
import type { Host } from '../../host/host';
import { Companions } from './flood';

/** The ten lines that matter, or the whole list. */
export type View = 'ten' | 'all';

/** What usually comes together does not change within an hour. */
const READ_AGAIN_MS = 3_600_000;
/** The beginning of a flood that goes on over a restart may be told a little differently. */
const SAME_FLOOD_MS = 60_000;

/**
 * Which of the two lists is shown. In a flood it is the ten lines, until the operator says otherwise; what they said holds
 * for this flood, and is forgotten with it.
 */
class FloodView {
  #chosen = $state.raw(read(stored.read('floodView')));
  #calm = $state<View>('all');
  companions = $state.raw(new Companions());
  #readAt = -Infinity;

  view(flood: AlarmFlood | null): View {
    if (flood === null) return this.#calm;
    return this.#isOf(flood) ? this.#chosen.view : 'ten';
  }

  /** Whether somebody has chosen for this flood. */
  isChosen(flood: AlarmFlood): boolean {
    return this.#isOf(flood);
  }

  choose(flood: AlarmFlood | null, view: View): void {
    if (flood === null) {
      this.#calm = view;
      return;
    }
    this.#chosen = { since: flood.since, view };
    stored.write('floodView', `${flood.since} ${view}`);
  }

  /** Reads which alarms usually come together, where that was not done lately. Without it, lines are by machine. */
  async learn(host: Host, now: number): Promise<void> {
    if (now - this.#readAt < READ_AGAIN_MS) return;
    this.#readAt = now;
    try {
      const { pairs } = await host.call('alarm_companions', NOTHING);
      this.companions = new Companions(pairs);
    } catch {
      this.#readAt = -Infinity;
    }
  }

  #isOf(flood: AlarmFlood): boolean {
    return Math.abs(this.#chosen.since - flood.since) < SAME_FLOOD_MS;
  }
}

function read(text: string | null): { since: number; view: View } {
  const [since, view] = (text ?? '').split(' ');
  return { since: Number(since) || -Infinity, view: view === 'all' ? 'all' : 'ten' };
}

export const floodView = new FloodView();
