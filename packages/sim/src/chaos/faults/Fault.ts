import type { Rng } from '../../rng.js';
import type { ChaosStage } from '../stage/ChaosStage.js';

/** What a fault is done to, and with what chance. */
export interface Scene {
  readonly stage: ChaosStage;
  readonly rng: Rng;
  /** Tells of what must not be. */
  readonly say: (fault: string) => void;
}

/** A fault that has begun. */
export interface Ongoing {
  /** to whom, for people */
  readonly what: string;
  /** number of the node that the others are to take over; it is not healed before they have */
  readonly death?: number;
  /** of the fault itself */
  readonly lastsMs: number;
  /** Resolves when everything is as it was before: processes are up, ways are open. */
  heal(): Promise<void>;
}

/** A kind of fault. */
export interface Fault {
  readonly kind: string;
  /** what it is done to: two of one group are not done at once */
  readonly group: 'links' | 'clients' | 'database' | 'bus' | 'nodes';
  /** the partitions of a node get other owners: by a crash, or in order */
  readonly isDeath?: true;
  begin(scene: Scene): Promise<Ongoing>;
}

/** From two to six seconds: longer than what a peer waits for, or shorter. */
export const someSeconds = (rng: Rng): number => rng.int(2_000, 6_000);
