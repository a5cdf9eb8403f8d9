import type { CloseCode, ErrorCode, OpsMessage, ServerMessage } from '@topgun/protocol';
import type { Principal } from '../../security/policy/Policy.js';

/** What the gateway of a client says of it to an owner; `conn` is the number of its connection there. */
export type AskItem =
  /** Somebody writes, or is somebody else by now, or speaks for other sessions. */
  | {
      readonly ask: 'open';
      readonly conn: number;
      readonly clientId: string;
      readonly principal: Principal;
      readonly sessions: readonly string[];
      readonly remote: string;
      /** when its gateway saw it, as it notes that (ID-1): all who note it note the same */
      readonly seenMs: number | undefined;
    }
  /** `version`: of the map that its gateway goes by */
  | { readonly ask: 'ops'; readonly conn: number; readonly ops: OpsMessage; readonly version: number }
  | { readonly ask: 'end'; readonly conn: number; readonly session: string }
  | { readonly ask: 'close'; readonly conn: number; readonly hasLeft: boolean };

/** What an owner says of a connection to its gateway. */
export type AnswerItem =
  | { readonly say: 'message'; readonly conn: number; readonly message: ServerMessage }
  /** NOT_OWNER, as of this version of the map: send them to whoever is the owner in a newer one (CLU-30). */
  | {
      readonly say: 'bounced';
      readonly conn: number;
      readonly session: string;
      readonly seqs: readonly number[];
      readonly version: number;
    }
  /** It is over, and so it is for the client. */
  | { readonly say: 'closed'; readonly conn: number; readonly code: CloseCode; readonly error: ErrorCode };

/** OPS as they come from another node. */
export interface ForwardedOps extends OpsMessage {
  /** of the map that its gateway goes by */
  readonly mapVersion: number;
}

/**
 * Connections of other nodes' clients have numbers far below those of requests; even ones are sockets, odd ones requests over HTTP.
 * They were let in and are held to their rates by their gateways.
 */
const FORWARDED_BELOW = -(2 ** 50);

export const isForwarded = (conn: number): boolean => conn < FORWARDED_BELOW;

/** The number of the nth such connection. */
export const forwardedNumber = (nth: number, isRequest: boolean): number =>
  FORWARDED_BELOW - 2 * nth - (isRequest ? 1 : 0);

/** Whether a request over HTTP made it. */
export const isForwardedRequest = (conn: number): boolean => isForwarded(conn) && conn % 2 !== 0;
