import type { AuthMessage } from '@topgun/protocol';
import type { Principal } from '../security/policy/Policy.js';
import type { Rights } from '../security/policy/Rights.js';
import type { AckFrame } from './AckFrame.js';
import type { TokenTimes } from './TokenTimes.js';

export type Phase = 'STRANGER' | 'VERIFYING' | 'READY' | 'CLOSED';

/** One socket as the engine knows it. What it subscribed to is kept by the machines that serve it. */
export class Connection {
  readonly id: number;
  readonly remote: string;
  readonly openedAtMs: number;

  // SessionMachine
  phase: Phase = 'STRANGER';
  clientId = '';
  /** set when READY */
  principal: Principal | undefined;
  /** of a token that has an end */
  token: TokenTimes | undefined;
  /** what AUTH said while its token is being checked */
  claim:
    | (Pick<AuthMessage, 'clientId' | 'sessions'> & {
        readonly version: number;
        readonly incarnation: string | undefined;
      })
    | undefined;
  /** AUTH that came meanwhile; of several the last */
  nextAuth: AuthMessage | undefined;
  /** the sessions this connection speaks for */
  readonly sessions = new Set<string>();
  seenAtMs: number;
  /** frames before authentication */
  frames = 0;
  /** its client has closed it by itself, and is not coming back at once */
  hasLeft = false;
  /** times of refused messages */
  strikes: number[] = [];

  /** Kept by Accounts: when something came that was no ping */
  actedAtMs: number;

  /** Kept by Admission: the client was told that it named another life of the store. */
  isToldOfLife = false;

  /** Kept by PublicMap: the client wants to know of the cluster. */
  hearsMap = false;

  /** Kept by Gate: what the connection may do, by map. */
  readonly rights = new Map<string, Rights>();

  /** Kept by Answers: what is to be sent at the end of the turn. */
  acks: AckFrame[] = [];

  constructor(id: number, remote: string, now: number) {
    this.id = id;
    this.remote = remote;
    this.openedAtMs = now;
    this.seenAtMs = now;
    this.actedAtMs = now;
  }
}
