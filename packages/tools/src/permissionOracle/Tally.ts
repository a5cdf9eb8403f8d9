/** What runs came to. Plain data. */
export interface Tally {
  seeds: number;
  /** sets of policies, those that came into force in the middle of a run included */
  policySets: number;
  frames: number;
  /** frames that carry canaries which their receiver may see */
  withCanaries: number;
  /** frames, reasons, bodies and lines by outlet; a frame may be of several */
  readonly outlets: Map<string, number>;
}

export const noTally = (): Tally => ({
  seeds: 0,
  policySets: 0,
  frames: 0,
  withCanaries: 0,
  outlets: new Map(),
});

export function count(tally: Tally, outlet: string): void {
  tally.outlets.set(outlet, (tally.outlets.get(outlet) ?? 0) + 1);
}
