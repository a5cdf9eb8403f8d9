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
  /** those of them, at the doors, that carry canaries which their receiver may see */
  readonly permitted: Map<string, number>;
}

export const noTally = (): Tally => ({
  seeds: 0,
  policySets: 0,
  frames: 0,
  withCanaries: 0,
  outlets: new Map(),
  permitted: new Map(),
});

export const count = ({ outlets }: Tally, outlet: string): void => add(outlets, outlet);

export const countPermitted = ({ permitted }: Tally, outlet: string): void => add(permitted, outlet);

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
