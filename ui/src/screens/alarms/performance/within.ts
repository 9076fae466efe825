/** What was measured, so that a row can lead to its entries in the journal. */
export interface Within {
  from: number;
  to: number;
  equipment: string | null;
}
