import type { AuthMessage } from '@topgun/protocol';
import type { Principal } from '../security/PermissionPolicy.js';
import type { Rights } from '../security/policy/Rights.js';
import type { AckFrame } from './AckFrame.js';
import type { DedupSession } from './DedupTable.js';
import type { Subscription } from './SharedQuery.js';
import type { ViewGroup } from './ViewGroup.js';

export type Phase = 'STRANGER' | 'VERIFYING' | 'READY' | 'CLOSED';

/** One socket as the engine knows it. Each part below belongs to the machine named beside it. */
export class Connection {
  readonly id: number;
  readonly remote: string;

  // SessionMachine
  phase: Phase = 'STRANGER';
  clientId = '';
  /** set when READY */
  principal: Principal | undefined;
  /** what AUTH said while its token is being checked */
  claim: { readonly clientId: string; readonly sessions: readonly string[]; readonly version: number } | undefined;
  /** AUTH that came meanwhile; of several the last */
  nextAuth: AuthMessage | undefined;
  /** the sessions this connection speaks for */
  readonly sessions = new Map<string, DedupSession>();
  seenAtMs: number;
  /** frames before authentication */
  frames = 0;
  /** times of refused messages */
  strikes: number[] = [];

  // Gate
  readonly rights = new Map<string, Rights>();

  // Answers
  acks: AckFrame[] = [];

  // Scopes: by map; undefined where nothing of the map may be read
  readonly scopes = new Map<string, ViewGroup | undefined>();

  // Queries: by the client's id; undefined where nothing of the map may be read
  readonly queries = new Map<string, Subscription>();

  // Topics
  readonly topics = new Set<string>();

  constructor(id: number, remote: string, now: number) {
    this.id = id;
    this.remote = remote;
    this.seenAtMs = now;
  }

  /** Scopes, queries and topics, refused ones included. */
  get subscriptions(): number {
    return this.scopes.size + this.queries.size + this.topics.size;
  }
}
