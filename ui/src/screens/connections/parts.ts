/** What the details of a gateway show. */
export type Part = 'figures' | 'blocks' | 'nodes' | 'offers';
