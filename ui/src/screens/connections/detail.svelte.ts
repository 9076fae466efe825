import type { GatewayDetail } from '../../contract/contract';
import { callError, type CallError, type Host } from '../../host/host';

/** From one reading to the next. */
const AGAIN_MS = 1_000;

/** What is behind one gateway, read again while somebody looks, one reading at a time. */
export class DetailFeed {
  detail = $state.raw<GatewayDetail | null>(null);
  failure = $state.raw<CallError | null>(null);

  readonly #host: Host;
  readonly #gateway: string;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  constructor(host: Host, gateway: string) {
    this.#host = host;
    this.#gateway = gateway;
  }

  /** Begins to read. The returned function ends it. */
  start(): () => void {
    void this.#read();
    return () => {
      this.#stopped = true;
      clearTimeout(this.#timer);
    };
  }

  async #read(): Promise<void> {
    // Nobody looks at a page behind others.
    if (!document.hidden) {
      try {
        const detail = await this.#host.call('gateway_read', { gateway: this.#gateway });
        if (this.#stopped) return;
        this.detail = detail;
        this.failure = null;
      } catch (thrown) {
        if (this.#stopped) return;
        this.failure = callError(thrown);
      }
    }
    this.#timer = setTimeout(() => void this.#read(), AGAIN_MS);
  }
}
