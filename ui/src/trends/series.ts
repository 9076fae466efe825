/**
 * The samples of one tag as columns, oldest first. Columns may be longer than what they hold: `length` counts.
 * A value that is not a number stands for no value; `quality` is an OPC UA status code.
 */
export interface Columns {
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly quality: Uint32Array;
  readonly length: number;
}

/** One tag's part of an answer of `history_read`. */
export interface Series extends Columns {
  readonly tag: number;
}

/** No samples at all. */
export const NO_SAMPLES: Columns = {
  times: new Float64Array(0),
  values: new Float64Array(0),
  quality: new Uint32Array(0),
  length: 0,
};

/** An answer of `history_read` that is not what the contract says. */
export class SeriesError extends Error {
  override readonly name = 'SeriesError';
}

const MAGIC = 0x48444e41;
const VERSION = 1;
const HEADER_BYTES = 16;
const SERIES_HEADER_BYTES = 8;
const ROW_BYTES = 8 + 8 + 4;

/**
 * Reads an answer of `history_read` without copying a sample: the columns are views of `bytes`.
 * Throws a `SeriesError` when the bytes are not what the contract says.
 */
export function readSeries(bytes: ArrayBuffer): Series[] {
  if (bytes.byteLength < HEADER_BYTES) throw new SeriesError(`${bytes.byteLength} bytes are too few`);
  const view = new DataView(bytes);
  if (view.getUint32(0, true) !== MAGIC) throw new SeriesError('not an answer of history_read');
  const version = view.getUint16(4, true);
  if (version !== VERSION) throw new SeriesError(`version ${version} is not known`);
  const count = view.getUint32(8, true);

  const series: Series[] = [];
  let at = HEADER_BYTES;
  for (let i = 0; i < count; i += 1) {
    if (at + SERIES_HEADER_BYTES > bytes.byteLength) throw new SeriesError('cut off between two tags');
    const tag = view.getUint32(at, true);
    const length = view.getUint32(at + 4, true);
    at += SERIES_HEADER_BYTES;
    if (at + length * ROW_BYTES > bytes.byteLength) throw new SeriesError('cut off within a tag');
    series.push({
      tag,
      length,
      times: new Float64Array(bytes, at, length),
      values: new Float64Array(bytes, at + 8 * length, length),
      quality: new Uint32Array(bytes, at + 16 * length, length),
    });
    // Every tag's part begins at a multiple of eight bytes, so that its columns can be viewed in place.
    at += length * ROW_BYTES + (length % 2) * 4;
  }
  return series;
}

/** How far a sample may be trusted, as a line shows it: solid, dashed, or not at all. */
export type Trust = 'good' | 'doubtful' | 'none';

/** The trust in a value of this quality. A stale value is doubtful: it was true once. */
export function trust(value: number, quality: number): Trust {
  if (Number.isNaN(value)) return 'none';
  const severity = quality >>> 30;
  return severity === 0 ? 'good' : severity === 1 ? 'doubtful' : 'none';
}

/** The place of the last sample at or before `time`, or -1 when there is none. */
export function lastAt(columns: Columns, time: number): number {
  let low = 0;
  let high = columns.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((columns.times[middle] ?? Infinity) <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
