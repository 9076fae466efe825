import type { GatewayView } from '../../contract/contract';

/** Which gateways the list shows. */
export interface Wanted {
  text: string;
  /** Only those that somebody should look at. */
  trouble: boolean;
}

/** Whether somebody should look at a gateway. */
export function hasTrouble(gateway: GatewayView): boolean {
  return rank(gateway) < CALM;
}

/**
 * Those that are wanted, first those that are not connected, then those with other trouble, each in the plant file's
 * order: a row moves only when its gateway's state does.
 */
export function chooseGateways(all: readonly GatewayView[], wanted: Wanted): GatewayView[] {
  const words = wanted.text.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (each: GatewayView): boolean => {
    const text = [each.name, each.id, each.kind, each.address, each.reason].join(' ').toLowerCase();
    return words.every((word) => text.includes(word)) && (!wanted.trouble || hasTrouble(each));
  };
  return all.filter(fits).sort((a, b) => rank(a) - rank(b));
}

const CALM = 2;

function rank(gateway: GatewayView): number {
  // Connecting and down take turns while the other side is away: the row is not to jump with them.
  if (gateway.state !== 'up') return 0;
  const { certificate, blocksFaulty, nodesFaulty } = gateway;
  const ends = certificate !== null && certificate.level !== 'information';
  return ends || blocksFaulty > 0 || nodesFaulty > 0 ? 1 : CALM;
}
