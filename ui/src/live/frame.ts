/**
 * Reads the engine's binary answers without copying a column: live frames (`ANDN`), history (`ANDH`)
 * and the parts of a file (`ANDE`). Little endian,
 * as both hosts run only on machines that are; a column that is not aligned in its buffer is copied once.
 */

/** A number that cannot be shown as a number is NaN in `value`; `text` says what it is, where it is anything. */
export interface Frame {
  /** Everything older is to be forgotten: all rows that were asked for are in this frame. */
  full: boolean;
  plantRevision: number;
  alarmRevision: number;
  journalRevision: number;
  statusRevision: number;
  /** What the next pull gives back as `since`. */
  revision: number;
  /** Wall time of the engine, milliseconds since the epoch. */
  now: number;
  /** Age of the engine's last heartbeat in milliseconds. */
  ageMs: number;
  /** Unacknowledged alarms of priority 1 to 4. */
  unacknowledged: readonly number[];
  /** Active alarms of priority 1 to 4, acknowledged or not. */
  active: readonly number[];
  rows: number;
  value: Float64Array;
  time: Float64Array;
  tag: Uint32Array;
  quality: Uint32Array;
  kind: Uint8Array;
  /** The text of a row: for values of kind text, and for integers that a float cannot hold. */
  text(row: number): string;
}

/** What a value is. */
export const KIND = { none: 0, bool: 1, int: 2, uint: 3, float: 4, text: 5 } as const;

/** One tag's history: real samples, oldest first; NaN is a gap. */
export interface Series {
  tag: number;
  time: Float64Array;
  value: Float64Array;
  quality: Uint32Array;
}

/** The next bytes of a file that is being exported. */
export interface Part {
  /** Whether the file is whole with these. */
  last: boolean;
  /** Rows written so far. */
  rows: number;
  /** How much of the span is behind it, 0 to 1. */
  share: number;
  /** None where no more are ready yet. */
  bytes: Uint8Array<ArrayBuffer>;
}

/** Bytes that are not what the contract says; the message names the place. */
export class LayoutError extends Error {
  override readonly name = 'LayoutError';
}

const FRAME_MAGIC = 0x4e444e41;
const SERIES_MAGIC = 0x48444e41;
const PART_MAGIC = 0x45444e41;
const FRAME_VERSION = 2;
const SERIES_VERSION = 1;
const PART_VERSION = 1;
const HEADER_BYTES = 72;
/** Two floats of eight bytes, three words of four, one byte of kind. */
const ROW_BYTES = 29;
const SERIES_HEADER_BYTES = 16;
const PART_HEADER_BYTES = 24;
const UTF8 = new TextDecoder();

/** Reads a live frame. Throws `LayoutError` when the bytes are not one. */
export function readFrame(bytes: ArrayBuffer): Frame {
  const view = head(bytes, HEADER_BYTES, FRAME_MAGIC, FRAME_VERSION);
  const rows = view.getUint32(32, true);
  const textBytes = view.getUint32(36, true);
  if (bytes.byteLength < HEADER_BYTES + rows * ROW_BYTES + textBytes) {
    throw new LayoutError(`a frame of ${rows} rows and ${textBytes} bytes of text in ${bytes.byteLength} bytes`);
  }
  const columns = new Columns(bytes, HEADER_BYTES);
  const value = columns.floats(rows);
  const time = columns.floats(rows);
  const tag = columns.words(rows);
  const quality = columns.words(rows);
  const textEnd = columns.words(rows);
  const kind = columns.bytes(rows);
  const texts = columns.bytes(textBytes);
  return {
    full: (view.getUint16(6, true) & 1) === 1,
    plantRevision: view.getUint32(8, true),
    alarmRevision: view.getUint32(12, true),
    journalRevision: view.getUint32(64, true),
    revision: view.getFloat64(16, true),
    now: view.getFloat64(24, true),
    statusRevision: view.getUint32(40, true),
    ageMs: view.getUint32(44, true),
    unacknowledged: counts(view, 48),
    active: counts(view, 56),
    rows,
    value,
    time,
    tag,
    quality,
    kind,
    text: (row) => {
      const from = row === 0 ? 0 : (textEnd[row - 1] ?? 0);
      const to = textEnd[row] ?? 0;
      return from === to ? '' : UTF8.decode(texts.subarray(from, to));
    },
  };
}

/** Reads the answer of `history_read`. Throws `LayoutError` when the bytes are not one. */
export function readSeries(bytes: ArrayBuffer): Series[] {
  const view = head(bytes, SERIES_HEADER_BYTES, SERIES_MAGIC, SERIES_VERSION);
  const count = view.getUint32(8, true);
  const found: Series[] = [];
  let at = SERIES_HEADER_BYTES;
  for (let each = 0; each < count; each += 1) {
    if (at + 8 > bytes.byteLength) throw new LayoutError(`series ${each} of ${count} begins after the last byte`);
    const tag = view.getUint32(at, true);
    const n = view.getUint32(at + 4, true);
    at += 8;
    if (at + n * 20 > bytes.byteLength) throw new LayoutError(`series of tag ${tag} says ${n} samples, too many`);
    const columns = new Columns(bytes, at);
    found.push({ tag, time: columns.floats(n), value: columns.floats(n), quality: columns.words(n) });
    at += n * 20 + (n % 2) * 4;
  }
  return found;
}

/** Reads the answer of `export_next`. Throws `LayoutError` when the bytes are not one. */
export function readPart(bytes: ArrayBuffer): Part {
  const view = head(bytes, PART_HEADER_BYTES, PART_MAGIC, PART_VERSION);
  return {
    last: (view.getUint16(6, true) & 1) === 1,
    rows: view.getFloat64(8, true),
    share: view.getFloat64(16, true),
    bytes: new Uint8Array(bytes, PART_HEADER_BYTES),
  };
}

function head(bytes: ArrayBuffer, atLeast: number, magic: number, known: number): DataView {
  if (bytes.byteLength < atLeast) throw new LayoutError(`${bytes.byteLength} bytes are too few for a header`);
  const view = new DataView(bytes);
  const found = view.getUint32(0, true);
  if (found !== magic) throw new LayoutError(`it begins with ${found.toString(16)}, not ${magic.toString(16)}`);
  const version = view.getUint16(4, true);
  if (version !== known) throw new LayoutError(`version ${version} of the layout, this page knows ${known}`);
  return view;
}

function counts(view: DataView, at: number): readonly number[] {
  return [0, 2, 4, 6].map((offset) => view.getUint16(at + offset, true));
}

/** Walks over columns that lie one after the other. */
class Columns {
  constructor(
    private readonly buffer: ArrayBuffer,
    private at: number,
  ) {}

  floats(n: number): Float64Array {
    const start = this.take(n * 8);
    return start % 8 === 0
      ? new Float64Array(this.buffer, start, n)
      : new Float64Array(this.buffer.slice(start, start + n * 8));
  }

  words(n: number): Uint32Array {
    const start = this.take(n * 4);
    return start % 4 === 0
      ? new Uint32Array(this.buffer, start, n)
      : new Uint32Array(this.buffer.slice(start, start + n * 4));
  }

  bytes(n: number): Uint8Array {
    return new Uint8Array(this.buffer, this.take(n), n);
  }

  private take(bytes: number): number {
    const start = this.at;
    this.at += bytes;
    return start;
  }
}
