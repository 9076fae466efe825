import type { BrowsedView, OfferView } from '../../../contract/contract';
import { callError, type CallError, type Host } from '../../../host/host';

/** What is known of a place. */
export interface Branch {
  readonly phase: 'looking' | 'looked' | 'failed';
  /** When the look began. */
  readonly since: number;
  readonly view: BrowsedView | null;
  readonly failure: CallError | null;
}

/** A row of the tree: an offer, or what there is to say of the place above it. */
export interface Line {
  readonly key: string;
  readonly depth: number;
  readonly offer: OfferView;
  readonly open: boolean;
  readonly branch: Branch | null;
}

type Options = Record<string, unknown>;

/** A look at what a gateway offers: places are looked into one by one, and keep what was found until they are again. */
export class Browser {
  /** The place where it began; null before anybody looked. */
  root = $state.raw<Branch | null>(null);

  readonly #host: Host;
  readonly #gateway: string;
  readonly #now: () => number;
  #branches = $state.raw<ReadonlyMap<string, Branch>>(new Map());
  #open = $state.raw<ReadonlySet<string>>(new Set());
  #below: Options = {};
  /** Goes up with each beginning: what an earlier one brings is not wanted any more. */
  #round = 0;

  /** The rows in order, each open place followed by what is in it. */
  readonly lines = $derived(this.#lines());

  constructor(host: Host, gateway: string, now: () => number) {
    this.#host = host;
    this.#gateway = gateway;
    this.#now = now;
  }

  /** Begins anew somewhere. `below` are the options for what is deeper. */
  async begin(path: string, options: Options, below: Options): Promise<void> {
    this.#round += 1;
    this.#branches = new Map();
    this.#open = new Set();
    this.#below = below;
    await this.#look(path, options, (branch) => (this.root = branch));
  }

  /** Opens a place, which is looked into the first time, or closes it. */
  toggle(offer: OfferView): void {
    const open = new Set(this.#open);
    if (open.delete(offer.path)) {
      this.#open = open;
      return;
    }
    this.#open = open.add(offer.path);
    const phase = this.#branches.get(offer.path)?.phase;
    if (phase !== undefined && phase !== 'failed') return;
    void this.#look(offer.path, this.#below, (branch) => {
      this.#branches = new Map(this.#branches).set(offer.path, branch);
    });
  }

  async #look(path: string, options: Options, put: (branch: Branch) => void): Promise<void> {
    const round = this.#round;
    const since = this.#now();
    put({ phase: 'looking', since, view: null, failure: null });
    let branch: Branch;
    try {
      const view = await this.#host.call('gateway_browse', { gateway: this.#gateway, path, options });
      branch = { phase: 'looked', since, view, failure: null };
    } catch (thrown) {
      branch = { phase: 'failed', since, view: null, failure: callError(thrown) };
    }
    if (round === this.#round) put(branch);
  }

  #lines(): Line[] {
    const lines: Line[] = [];
    const add = (view: BrowsedView | null | undefined, depth: number, above: string): void => {
      view?.offers.forEach((offer, at) => {
        const open = this.#open.has(offer.path);
        const branch = open ? (this.#branches.get(offer.path) ?? null) : null;
        // Paths are said to be unique; a peer that does not keep to it is no reason for the screen to break.
        const key = `${above}/${at}`;
        lines.push({ key, depth, offer, open, branch });
        if (open && depth < DEEPEST) add(branch?.view, depth + 1, key);
      });
    };
    add(this.root?.view, 0, '');
    return lines;
  }
}

/** A place that holds itself would go on for ever. */
const DEEPEST = 32;
