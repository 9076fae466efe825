import { KIND } from '../src/live/frame';

/** A row of a frame as a test writes it. */
export interface Row {
  tag: number;
  kind: number;
  value: number;
  text: string;
  time: number;
  quality: number;
}

/** The header of a frame as a test writes it. */
export interface Header {
  full: boolean;
  plantRevision: number;
  alarmRevision: number;
  journalRevision: number;
  statusRevision: number;
  revision: number;
  now: number;
  ageMs: number;
  unacknowledged: readonly number[];
  active: readonly number[];
}

/** Writes a live frame, byte for byte as the engine does. */
export function encodeFrame(header: Header, rows: readonly Row[]): ArrayBuffer {
  const utf8 = new TextEncoder();
  const texts = rows.map((row) => utf8.encode(row.text));
  const textBytes = texts.reduce((sum, text) => sum + text.length, 0);
  const bytes = new ArrayBuffer(72 + rows.length * 29 + textBytes);
  const view = new DataView(bytes);
  view.setUint32(0, 0x4e444e41, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, header.full ? 1 : 0, true);
  view.setUint32(8, header.plantRevision, true);
  view.setUint32(12, header.alarmRevision, true);
  view.setFloat64(16, header.revision, true);
  view.setFloat64(24, header.now, true);
  view.setUint32(32, rows.length, true);
  view.setUint32(36, textBytes, true);
  view.setUint32(40, header.statusRevision, true);
  view.setUint32(44, header.ageMs, true);
  header.unacknowledged.forEach((count, at) => view.setUint16(48 + at * 2, count, true));
  header.active.forEach((count, at) => view.setUint16(56 + at * 2, count, true));
  view.setUint32(64, header.journalRevision, true);
  let at = 72;
  for (const row of rows) view.setFloat64((at += 8) - 8, row.kind === KIND.text ? NaN : row.value, true);
  for (const row of rows) view.setFloat64((at += 8) - 8, row.time, true);
  for (const row of rows) view.setUint32((at += 4) - 4, row.tag, true);
  for (const row of rows) view.setUint32((at += 4) - 4, row.quality, true);
  let end = 0;
  for (const text of texts) view.setUint32((at += 4) - 4, (end += text.length), true);
  for (const row of rows) view.setUint8((at += 1) - 1, row.kind);
  for (const text of texts) {
    new Uint8Array(bytes, at, text.length).set(text);
    at += text.length;
  }
  return bytes;
}

/** A tag's history as a test writes it. */
export interface SeriesRow {
  tag: number;
  time: readonly number[];
  value: readonly number[];
  quality: readonly number[];
}

/** Writes the answer of `history_read`. */
export function encodeSeries(series: readonly SeriesRow[]): ArrayBuffer {
  const size = series.reduce((sum, each) => sum + 8 + each.time.length * 20 + (each.time.length % 2) * 4, 16);
  const bytes = new ArrayBuffer(size);
  const view = new DataView(bytes);
  view.setUint32(0, 0x48444e41, true);
  view.setUint16(4, 1, true);
  view.setUint32(8, series.length, true);
  let at = 16;
  for (const each of series) {
    view.setUint32(at, each.tag, true);
    view.setUint32(at + 4, each.time.length, true);
    at += 8;
    for (const time of each.time) view.setFloat64((at += 8) - 8, time, true);
    for (const value of each.value) view.setFloat64((at += 8) - 8, value, true);
    for (const quality of each.quality) view.setUint32((at += 4) - 4, quality, true);
    at += (each.time.length % 2) * 4;
  }
  return bytes;
}

/** Writes the answer of `export_next`. */
export function encodePart(last: boolean, rows: number, share: number, text: string): ArrayBuffer {
  const data = new TextEncoder().encode(text);
  const bytes = new ArrayBuffer(24 + data.length);
  const view = new DataView(bytes);
  view.setUint32(0, 0x45444e41, true);
  view.setUint16(4, 1, true);
  view.setUint16(6, last ? 1 : 0, true);
  view.setFloat64(8, rows, true);
  view.setFloat64(16, share, true);
  new Uint8Array(bytes, 24).set(data);
  return bytes;
}
