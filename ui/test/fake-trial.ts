import type {
  AlarmTuning,
  ChangeAlarm,
  ChangedAlarm,
  Status,
  TrialFigures,
  TriedAlarm,
  TryAlarm,
} from '../src/contract/contract';

/** The numbers the fake plant's alarms have. */
export const TUNING: AlarmTuning = {
  limit: 80,
  secondLimit: null,
  deadband: 1,
  onDelayS: 0,
  offDelayS: 0,
  times: null,
};

const HOUR_MS = 3_600_000;

/** As an alarm that comes once an hour for a minute; each second of off-delay and degree of limit makes it rarer. */
export function fakeTried({ from, to, tuning, suggestPerDay }: TryAlarm): TriedAlarm {
  const figures = (of: AlarmTuning): TrialFigures => {
    const every = HOUR_MS * (1 + of.offDelayS + Math.max(0, (of.limit ?? 0) - (TUNING.limit ?? 0)));
    const spans = Array.from({ length: Math.floor((to - from) / every) }, (_, at) => ({
      from: from + at * every,
      to: from + at * every + 60_000,
      level: 0,
    }));
    return {
      activations: spans.length,
      escalations: 0,
      activeMs: spans.length * 60_000,
      unknownMs: 0,
      fleeting: 0,
      chattering: 0,
      worstHour: Math.min(1, spans.length),
      floods: 0,
      floodMs: 0,
      spans,
    };
  };
  const suggestion = suggestPerDay === null ? null : { ...TUNING, offDelayS: 30 };
  return {
    from,
    to,
    samples: Math.floor((to - from) / 1_000),
    first: from,
    levels: ['high'],
    tuning: TUNING,
    before: figures(TUNING),
    after: tuning === null ? null : figures(tuning),
    suggestion,
    suggested: suggestion === null ? null : figures(suggestion),
    remarks: [],
  };
}

/** As a plant file that takes it. */
export function fakeChanged({ tuning }: ChangeAlarm, status: Status): ChangedAlarm {
  return { before: TUNING, after: tuning, others: [], plant: status.plant };
}
