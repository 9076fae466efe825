import type { AlarmTuning, ChangedAlarm, TrialFigures, TriedAlarm } from '../../../contract/contract';
import { callError, type CallError, type Host } from '../../../host/host';
import { words } from '../../../text/words.svelte';
import { read, same, typed, typedOf, type NumberName, type Typed } from './numbers';

/** How many days can be replayed. */
export const DAYS = [1, 7, 30] as const;
export type Days = (typeof DAYS)[number];

/**
 * How often a day an alarm may come, to choose from. The ten most frequent alarms should make up less than 5 % of all
 * (ISA-18.2-2016, 16.5); of the 150 a day that one operator can take, that is about one a day for each.
 */
export const TARGETS = [24, 6, 1, 0] as const;
export type Target = (typeof TARGETS)[number];

const DAY_MS = 86_400_000;

/** What came of looking for a suggestion. */
export type Found = 'asIs' | 'found' | 'none' | 'notSearched';

/** One alarm's past, with its numbers and with others. */
export class Trial {
  readonly alarm: string;
  days = $state<Days>(7);
  target = $state<Target>(1);
  typed = $state.raw<Typed>(typedOf(NOTHING, 'en'));
  /** What the engine said last; null until it has answered once. */
  tried = $state.raw<TriedAlarm | null>(null);
  /** What the others would have made of it, and which they are; null while nothing else was tried. */
  after = $state.raw<{ tuning: AlarmTuning; figures: TrialFigures } | null>(null);
  /** What came of the last suggestion, and for how often a day; null where none was asked for since. */
  found = $state.raw<{ what: Found; target: Target } | null>(null);
  doing = $state<'nothing' | 'replaying' | 'searching' | 'writing'>('nothing');
  /** Why the last try, or taking over, did not come off. */
  failure = $state.raw<{ of: 'trying' | 'writing'; error: CallError } | null>(null);
  /** What was written into the plant file; null until then. */
  taken = $state.raw<ChangedAlarm | null>(null);

  /** What stands in the fields, and which of it is no number. */
  readonly wanted = $derived(this.tried === null ? null : read(this.typed, this.tried.tuning));
  /** Whether the fields say the numbers as they are. */
  readonly isAsIs = $derived(
    this.tried !== null && this.wanted !== null && same(this.wanted.tuning, this.tried.tuning),
  );
  /** Whether the figures are those of what stands in the fields. */
  readonly isTried = $derived(
    this.after !== null && this.wanted?.wrong.length === 0 && same(this.wanted.tuning, this.after.tuning),
  );

  readonly #host: Host;
  #question = 0;

  constructor(host: Host, alarm: string) {
    this.#host = host;
    this.alarm = alarm;
  }

  /** Says what stands in a field. */
  type(name: NumberName, text: string): void {
    this.typed = { ...this.typed, [name]: text };
    this.found = null;
    this.failure = null;
  }

  /** Puts the numbers as they are into the fields. */
  putBack(): void {
    if (this.tried === null) return;
    this.typed = typedOf(this.tried.tuning, words.language);
    this.after = null;
    this.found = null;
    this.failure = null;
  }

  /** Replays the past with what stands in the fields. */
  async replay(): Promise<void> {
    const { wanted } = this;
    if (wanted !== null && wanted.wrong.length > 0) return;
    await this.#replay(wanted === null || this.isAsIs ? null : wanted.tuning);
  }

  /** Looks for numbers that are enough for the target, and puts them into the fields. */
  async suggest(): Promise<void> {
    const { target } = this;
    await this.#ask('searching', null, target, (answer) => {
      const { suggestion, suggested, remarks, tuning } = answer;
      if (suggestion === null) {
        this.found = { what: remarks.includes('noSearch') ? 'notSearched' : 'none', target };
        return;
      }
      const isSame = same(suggestion, tuning);
      this.typed = typedOf(suggestion, words.language);
      this.after = isSame || suggested === null ? null : { tuning: suggestion, figures: suggested };
      this.found = { what: isSame ? 'asIs' : 'found', target };
    });
  }

  /** Writes what was tried into the plant file. True where it is there. */
  async takeOver(reason: string): Promise<boolean> {
    const { after } = this;
    if (after === null || !this.isTried || this.doing !== 'nothing') return false;
    this.doing = 'writing';
    this.failure = null;
    try {
      this.taken = await this.#host.call('alarm_change', { alarm: this.alarm, tuning: after.tuning, reason });
    } catch (thrown) {
      this.failure = { of: 'writing', error: callError(thrown) };
      return false;
    } finally {
      this.doing = 'nothing';
    }
    this.found = null;
    this.after = null;
    // What was tried is now what it has.
    await this.#replay(null);
    return true;
  }

  /** The numbers in words again, as in another language. */
  speak(): void {
    const { wanted } = this;
    if (wanted === null || wanted.wrong.length > 0) return;
    const text = { ...this.typed };
    for (const name of Object.keys(text) as NumberName[]) text[name] = typed(wanted.tuning[name], words.language);
    this.typed = text;
  }

  async #replay(other: AlarmTuning | null): Promise<void> {
    await this.#ask('replaying', other, null, (answer) => {
      if (this.tried === null) this.typed = typedOf(answer.tuning, words.language);
      this.after = other === null || answer.after === null ? null : { tuning: other, figures: answer.after };
      this.found = null;
    });
  }

  /** Asks the engine; an answer that was overtaken by a newer question is not shown. */
  async #ask(
    doing: 'replaying' | 'searching',
    tuning: AlarmTuning | null,
    suggestPerDay: number | null,
    take: (answer: TriedAlarm) => void,
  ): Promise<void> {
    if (this.doing === 'writing') return;
    this.#question += 1;
    const mine = this.#question;
    this.doing = doing;
    this.failure = null;
    try {
      const to = Date.now();
      const request = { alarm: this.alarm, from: to - this.days * DAY_MS, to, tuning, suggestPerDay };
      const answer = await this.#host.call('alarm_try', request);
      if (mine !== this.#question) return;
      take(answer);
      this.tried = answer;
    } catch (thrown) {
      if (mine === this.#question) this.failure = { of: 'trying', error: callError(thrown) };
    } finally {
      if (mine === this.#question) this.doing = 'nothing';
    }
  }
}

const NOTHING: AlarmTuning = {
  limit: null,
  secondLimit: null,
  deadband: null,
  onDelayS: 0,
  offDelayS: 0,
  times: null,
};

/** The one window in which an alarm's past is tried, from whichever screen it is asked for. */
class WhatIf {
  /** The alarm's id; null while nothing is asked for. */
  alarm = $state<string | null>(null);

  ask(alarm: string): void {
    this.alarm = alarm;
  }

  close(): void {
    this.alarm = null;
  }
}

export const whatIf = new WhatIf();
