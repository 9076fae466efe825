import type { MeasuredAlarm, PerformanceView, ReadPerformance } from '../src/contract/contract';

const HOUR = 3_600_000;
const DAY = 86_400_000;

/** The answer of a plant that is not well: floods, a chattering alarm, one that stands for days. */
export function fakePerformance({ from, to }: ReadPerformance): PerformanceView {
  const alarm = (id: string, priority: number): MeasuredAlarm => ({
    alarm: `site/hall/line/filler/${id}`,
    message: `Filler: ${id}`,
    equipment: 'site/hall/line/filler',
    priority,
  });
  const [jam, warm, door] = [alarm('jam', 2), alarm('warm', 3), alarm('door open', 4)];
  const first = Math.floor(from / DAY);
  const days = Math.max(1, Math.ceil((to - from) / DAY));
  return {
    from,
    to,
    station: 'desk',
    count: 900,
    alarms: 3,
    perTenMinutes: 0.6,
    perHour: 4,
    perDay: 95,
    hours: { whole: Math.floor((to - from) / HOUR), busy: 3 },
    tenMinutes: { whole: Math.floor((to - from) / HOUR) * 6, busy: 9 },
    peak: 42,
    peakAt: to - HOUR,
    floodCount: 1,
    floodedMs: 2 * HOUR,
    floods: [
      {
        begin: to - 3 * HOUR,
        end: to - HOUR,
        ended: true,
        count: 80,
        peak: 42,
        first: Array.from({ length: 10 }, (_, at) => ({ alarm: jam, time: to - 3 * HOUR + at * 1000 })),
        top: [{ alarm: jam, count: 60 }],
      },
    ],
    top: [
      { alarm: jam, count: 700 },
      { alarm: warm, count: 200 },
    ],
    chattering: [{ alarm: jam, count: 12 }],
    fleeting: [],
    stale: [{ alarm: door, since: to - 3 * DAY, until: null }],
    staleAtEnd: 1,
    staleOnADay: 1,
    priorities: [1, 2, 3, 4].map((priority) => ({
      priority,
      count: priority === 2 ? 700 : priority === 3 ? 200 : 0,
      acknowledged: priority === 2 ? 650 : 0,
      medianS: priority === 2 ? 12 : null,
      p95S: priority === 2 ? 240 : null,
    })),
    returnedUnacknowledged: 30,
    hasty: 2,
    heat: Array.from({ length: days }, (_, at) => ({
      date: new Date((first + at) * DAY).toISOString().slice(0, 10),
      begins: Array.from({ length: 24 }, (_, hour) => (first + at) * DAY + hour * HOUR),
      hours: Array.from({ length: 24 }, (_, hour) => (hour === 6 ? 40 : (hour * at) % 5)),
    })),
  };
}
