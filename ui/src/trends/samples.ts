import type { Series } from '../live/frame';

/** The samples of one tag as columns, oldest first. NaN stands for no value; `quality` is an OPC UA status code. */
export type Samples = Omit<Series, 'tag'>;

/** No samples at all. */
export const NO_SAMPLES: Samples = {
  time: new Float64Array(0),
  value: new Float64Array(0),
  quality: new Uint32Array(0),
};

/** How far a sample may be trusted, as a line shows it: solid, dashed, or not at all. */
export type Trust = 'good' | 'doubtful' | 'none';

/** The trust in a value of this quality. A stale value is doubtful: it was true once. */
export function trust(value: number, quality: number): Trust {
  if (Number.isNaN(value)) return 'none';
  const severity = quality >>> 30;
  return severity === 0 ? 'good' : severity === 1 ? 'doubtful' : 'none';
}

/** The place of the last sample at or before `time`, or -1 when there is none. */
export function lastAt(samples: Samples, time: number): number {
  let low = 0;
  let high = samples.time.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((samples.time[middle] ?? Infinity) <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
