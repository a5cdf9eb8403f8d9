import type { ErrorCode } from '@topgun/protocol';
import type { Rng } from '@topgun/sim/internal/rng';

/** The reply rules of docs/specs/wire.md, and what is not refused at all. */
export type Rule = 'E1' | 'E2' | 'E3' | 'E4' | 'E5' | 'E6' | 'E7' | 'E8' | 'E9' | 'E10' | 'E11' | 'accepted';

export const AREAS = [
  'upgrade',
  'frames',
  'msgpack',
  'envelopes',
  'tokens',
  'operations',
  'queries',
  'http',
  'doors',
] as const;
export type Area = (typeof AREAS)[number];

/** How the server must answer every input of a family. */
export interface Expected {
  readonly rule: Rule;
  /** the code that ERROR or the answer to an op names; nothing else may be named. Absent: no code at all */
  readonly code?: ErrorCode;
  /** the close code; absent: the socket stays open. 'cut': closed without a close frame */
  readonly close?: number | 'cut';
  /** the code that an error frame of `/ws` names */
  readonly jsonCode?: string;
  /** HTTP statuses, any of them */
  readonly status?: readonly number[];
}

/** One input. */
export type Probe =
  /** bytes on a socket of their own, answered by HTTP; pieces are written one after another */
  | { readonly kind: 'http'; readonly pieces: readonly Uint8Array[]; readonly ends?: boolean }
  /** WebSocket bytes of somebody who has not said who he is */
  | {
      readonly kind: 'stranger';
      readonly bytes: Uint8Array;
      readonly ends?: boolean;
      readonly settles: Settles;
    }
  /** WebSocket bytes of an authenticated client; `fresh`: on a connection that has not sent anything yet */
  | {
      readonly kind: 'client';
      readonly bytes: Uint8Array;
      readonly settles: Settles;
      readonly fresh?: boolean;
      readonly ends?: boolean;
    }
  /** WebSocket bytes at `/ws`, behind the welcome where a token is shown; a ping follows them where the socket is to stay */
  | { readonly kind: 'json'; readonly bytes: Uint8Array; readonly token?: string };

/**
 * When an input has been answered: its socket is closed; the PING behind it has come back, and an answer to so many ops
 * with it; AUTH was answered.
 */
export type Settles = 'close' | 'auth' | { readonly ops: number };

/** What an input is made in: who sends it. */
export interface Around {
  readonly nowMs: number;
  readonly clientId: string;
  readonly session: string;
  readonly incarnation: string;
  /** the next sequence number of the session */
  nextSeq(): number;
  /** everything of the session below it has been answered */
  readonly settledBelow: number;
  /** host:port of the server */
  readonly host: string;
}

/** A kind of input: a name, what must come of it, and how one is made. The same seed makes the same ones. */
export interface Family {
  readonly area: Area;
  readonly name: string;
  readonly expected: Expected;
  /** inputs at most, where each takes long */
  readonly atMost?: number;
  /** a code answers it, and yet it is taken in, or part of it: it may change state, and need not count as refused */
  readonly isTakenIn?: true;
  make(rng: Rng, around: Around): Probe;
}
