import type { Principal } from '../security/PermissionPolicy.js';

/** Somebody who has been let in, or is about to be. */
export interface ClientConnection {
  /** what it is: a binary socket, one of `/ws`, an event stream, a hearer of the message bridge, or one request that reads or writes records */
  readonly door: 'binary' | 'ws' | 'sse' | 'bridge' | 'http';
  /** numbered from 1, requests from -1 downwards; never reused while the server runs; binary sockets and the others are numbered apart */
  readonly id: number;
  /** the address it comes from */
  readonly remote: string;
  /** of the bridge, which asks for no token, nobody: `sub` '' */
  readonly principal: Principal;
}

export type WriteKind = 'PUT' | 'REMOVE' | 'OR_ADD' | 'OR_REMOVE' | 'INCREMENT';

/** One write. Nothing in it may be changed in place. */
export interface InterceptedWrite {
  readonly map: string;
  readonly kind: WriteKind;
  readonly key: string;
  /** PUT, OR_ADD: the value; INCREMENT: the number; OR_REMOVE: the tags of the elements; REMOVE: null */
  readonly value: unknown;
  /** time to live in ms */
  readonly ttlMs: number | undefined;
}

/** An op that a client sent and the server has not seen before. */
export interface InterceptedOp {
  readonly connection: ClientConnection;
  readonly clientId: string;
  readonly session: string;
  /** its number in the session; with `clientId` and `session` the id that is the same however often it is sent */
  readonly seq: number;
  /** one, or those of a transaction in their order */
  readonly writes: readonly InterceptedWrite[];
}

/** Refusals that are final: the client rolls the write back and tells the app. */
export type FinalRefusal = 'DENIED' | 'LIMIT' | 'VALUE_NOT_ADMITTED';
/** Refusals for now: the client sends the op again. */
export type PassingRefusal = 'RATE' | 'UNAVAILABLE';

/** What becomes of an op. Undefined: it goes on as it is. */
export type OpDecision =
  | undefined
  | { readonly action: 'replace'; readonly values: readonly unknown[] }
  | { readonly action: 'reject'; readonly code: FinalRefusal; readonly reason?: string }
  | { readonly action: 'delay'; readonly code: PassingRefusal; readonly retryAfterMs: number };

/** What became of an op that is durable: as the writer was told. */
export interface OpOutcome {
  readonly outcome: 'applied' | 'superseded' | 'changed' | 'rejected';
  /** why it was rejected */
  readonly code?: string;
}

/** What a program hooks into the server (`ServerOverrides.interceptors`); every part may be left out, and may be async. */
export interface Interceptor {
  /** for logs */
  readonly name: string;
  /** ms that each of its answers may take, `LIMITS.interceptorMs` (2,000) by default */
  readonly timeoutMs?: number;
  /** A client whose token is good, at whatever door; false keeps it out with AUTH_FAILED. Not asked again when a token is renewed. */
  onConnection?(connection: ClientConnection): boolean | Promise<boolean>;
  /** One of those is gone. What it throws is logged. */
  onDisconnect?(connection: ClientConnection): void | Promise<void>;
  /** An op, before permissions are checked; these judge what results. */
  onBeforeOp?(op: InterceptedOp): OpDecision | Promise<OpDecision>;
  /** Once an op is durable, in the order of the commits. It changes nothing any more; what it throws is logged. */
  onAfterOp?(op: InterceptedOp, outcome: OpOutcome): void | Promise<void>;
}

/** Other values for the writes of an op, in their order; kinds and keys stay. Only values of PUT and OR_ADD may be others. */
export const replaceValues = (values: readonly unknown[]): OpDecision => ({ action: 'replace', values });

/** Refuses an op for good. Of the reason, for whoever made the write, 200 characters travel. */
export const rejectOp = (code: FinalRefusal, reason?: string): OpDecision => ({
  action: 'reject',
  code,
  ...(reason !== undefined && { reason }),
});

/** Refuses an op for now: it is sent again after so many ms. */
export const delayOp = (code: PassingRefusal, retryAfterMs: number): OpDecision => ({
  action: 'delay',
  code,
  retryAfterMs,
});
