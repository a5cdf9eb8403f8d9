import type { ClientEvent } from '@topgun/client/engine';
import type { ClientMessage, ServerMessage } from '@topgun/protocol';
import type { CommitBatch } from '@topgun/server/engine';
import type { SimRealm } from './SimRealm.js';

/** What one may look at while a run goes on. Watching must change nothing. */
export interface Watch {
  /** An engine told its app something. */
  event?(realm: SimRealm, event: ClientEvent): void;
  /** The server is about to send; `isAuthenticated` includes this very message. */
  sending?(message: ServerMessage, isAuthenticated: boolean, link: number, bytes: Uint8Array): void;
  /** The server has read a message of a client; `isAuthenticated` is how its socket stood before. */
  received?(message: ClientMessage, isAuthenticated: boolean, link: number): void;
  /** A tab is about to die without a word. */
  dying?(realm: SimRealm): void;
  /** A batch has reached the server's disk. */
  committed?(batch: CommitBatch): void;
  /** A server begins on what the disk holds. */
  starting?(): void;
  /** The server has done all that was due, its answers included. */
  turned?(): void;
  /** Every 500 virtual ms, and once at the end. */
  look?(): void;
}
