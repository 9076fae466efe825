import type { ExportId } from '../contract/contract';
import { callError, type CallError, type Host } from '../host/host';
import { readPart } from '../live/frame';

/** A page cannot hold more than this; the command line writes files of any size. */
const MOST_BYTES = 512_000_000;

/**
 * A file that the engine writes and the page takes part by part, until it is whole or somebody has enough. The engine
 * waits for the page, so that neither holds more than a few parts beside the file itself.
 */
export class DataExport {
  state = $state<'idle' | 'running' | 'done' | 'failed'>('idle');
  /** How much of the span is behind it, 0 to 1. */
  share = $state(0);
  rows = $state(0);
  bytes = $state(0);
  /** Where the whole file is. */
  url = $state<string | null>(null);
  /** Why it failed; null where it grew too large. */
  failure = $state.raw<CallError | null>(null);

  readonly #host: Host;
  readonly #most: number;
  #asked = 0;
  #id: ExportId | null = null;

  constructor(host: Host, most = MOST_BYTES) {
    this.#host = host;
    this.#most = most;
  }

  /** Begins a file, in place of the one before; `begin` asks the engine for it. */
  async start(begin: () => Promise<ExportId>, type: string): Promise<void> {
    this.forget();
    const mine = this.#asked;
    this.state = 'running';
    try {
      const id = await begin();
      if (mine !== this.#asked) {
        this.#end(id);
        return;
      }
      this.#id = id;
      const whole = await this.#take(id, mine);
      if (whole === null) return;
      this.#id = null;
      this.url = URL.createObjectURL(new Blob(whole, { type }));
      this.state = 'done';
    } catch (thrown) {
      if (mine !== this.#asked) return;
      this.forget();
      this.failure = callError(thrown);
      this.state = 'failed';
    }
  }

  /** Ends what goes on and lets go of what there is. */
  forget(): void {
    this.#asked += 1;
    if (this.#id !== null) this.#end(this.#id);
    this.#id = null;
    if (this.url !== null) URL.revokeObjectURL(this.url);
    this.url = null;
    this.failure = null;
    this.share = 0;
    this.rows = 0;
    this.bytes = 0;
    this.state = 'idle';
  }

  /** All parts; null where somebody had enough, or the file grew too large. */
  async #take(id: ExportId, mine: number): Promise<Uint8Array<ArrayBuffer>[] | null> {
    const whole: Uint8Array<ArrayBuffer>[] = [];
    for (;;) {
      const part = readPart(await this.#host.call('export_next', id));
      if (mine !== this.#asked) return null;
      whole.push(part.bytes);
      this.bytes += part.bytes.byteLength;
      this.rows = part.rows;
      this.share = part.share;
      if (this.bytes > this.#most) {
        this.forget();
        this.state = 'failed';
        return null;
      }
      if (part.last) return whole;
    }
  }

  #end(id: ExportId): void {
    // The engine ends by itself what nobody asks for any more.
    this.#host.call('export_cancel', id).catch(() => undefined);
  }
}
