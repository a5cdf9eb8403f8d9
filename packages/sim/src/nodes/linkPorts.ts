import type { Rng } from '../rng.js';
import type { Scheduler } from '../Scheduler.js';
import type { Asker } from './Membership.js';
import type { NodeProcess } from './NodeProcess.js';

/** A link as the lives at its ends see it. */
export interface LinkWire {
  /** A frame, or a sign of life alone. */
  send(from: LinkLife, frame: Uint8Array | undefined): void;
  /** The other end hears so after what was sent before. */
  close(from: LinkLife): void;
}

/** A life of a node as links see it. */
export interface LinkLife {
  readonly self: Asker;
  readonly process: NodeProcess;
  readonly isOpen: boolean;
  /** Whether a link that was made now takes the place of the one there is. */
  takes(other: Asker, dialler: string): boolean;
  /** A link with a node begins. */
  begin(wire: LinkWire, other: Asker, dialler: string): void;
  /** Something came on a link: a frame, or a sign of life. */
  take(wire: LinkWire, from: string, frame: Uint8Array | undefined): void;
  /** The other end has closed it, or it is broken. */
  ended(wire: LinkWire, from: string): void;
}

/** Who makes links for the lives of nodes. */
export interface LinkMaker {
  listens(life: LinkLife): void;
  dial(from: LinkLife, to: string): void;
}

/** What lies between the ends of a link. */
export interface LinkGround {
  readonly scheduler: Scheduler;
  readonly rng: Rng;
  readonly note: (from: string, to: string, frame: Uint8Array) => void;
  delayMs(): number;
  isBlocked(from: string, to: string): boolean;
}
