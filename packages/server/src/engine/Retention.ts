import type { ClientBindings } from './ClientBindings.js';
import type { DedupTable } from './DedupTable.js';
import { EndedSessions } from './EndedSessions.js';
import type { EngineLimits } from './EngineLimits.js';
import { forgetSession } from './forgetSession.js';
import type { Op } from './Op.js';
import { isRequestClient, RequestSessions } from './RequestSessions.js';
import type { Staging } from './Staging.js';

export interface RetentionParts {
  readonly bindings: ClientBindings;
  readonly dedup: DedupTable<Op>;
  readonly staging: Staging;
  readonly limits: EngineLimits;
  /** what the store holds beside records */
  readonly meta: ReadonlyMap<string, unknown>;
  /** of a cluster: whether this node is the one that sees to what belongs to no partition (CLU-26) */
  readonly isKeeper?: () => boolean;
}

/**
 * Lets go of what is kept about writers that will not be heard of again (SRV-4): dedup rows of sessions that ended long
 * ago, and clients that were not here for so long that they are told so when they come back.
 */
export class Retention {
  readonly #parts: RetentionParts;
  readonly #ended: EndedSessions;
  readonly #requests: RequestSessions;
  #dueMs: number;

  /** The first look comes a while after the start, for whoever was connected before comes back first. */
  constructor(parts: RetentionParts, now: number) {
    this.#parts = parts;
    this.#ended = new EndedSessions(parts.meta, parts.staging);
    this.#requests = new RequestSessions(parts.meta, parts);
    this.#dueMs = now + parts.limits.forgetEveryMs;
  }

  /** Somebody speaks for a session. False: it is that of a request, and no more of them can be remembered (REC-8). */
  declared(clientId: string, session: string, now: number): boolean {
    if (isRequestClient(clientId)) return this.#requests.used(clientId, session, now);
    this.#ended.drop(clientId, session, now);
    return true;
  }

  /** Nobody speaks for it any more, and all of its ops are settled. */
  ended(clientId: string, session: string, now: number): void {
    if (isRequestClient(clientId)) this.#requests.done(clientId, session);
    else if (!this.#parts.dedup.dropUnused(clientId, session)) this.#ended.add(clientId, session, now);
  }

  /** A connection that spoke for it is gone: of what never wrote nothing stays. */
  left(clientId: string, session: string): void {
    const isUnused = this.#parts.dedup.dropUnused(clientId, session);
    if (isUnused && isRequestClient(clientId)) this.#requests.unused(clientId, session);
  }

  /** What other nodes have made of a fact: dedup of what they have forgotten goes here, too. */
  follow(name: string, value: unknown, now: number): void {
    const { bindings, dedup, staging } = this.#parts;
    const clientId = bindings.follow(name, value);
    if (clientId !== undefined && value === null)
      for (const session of dedup.sessionsOf(clientId)) forgetSession(dedup, staging, clientId, session, now);
    const gone = this.#ended.follow(name, value) ?? this.#requests.follow(name, value);
    if (gone !== undefined) forgetSession(dedup, staging, ...gone, now);
  }

  /** Forgets what is due, a bounded number at a time. `isHere`: whether a connection speaks for the client. */
  sweep(isHere: (clientId: string) => boolean, now: number): void {
    const { bindings, dedup, limits, isKeeper } = this.#parts;
    if (now < this.#dueMs || isKeeper?.() === false) return;
    let left = limits.forgottenAtOnce;
    for (const [clientId, session] of this.#ended.before(now - limits.endedSessionMs)) {
      if (left-- <= 0) return;
      this.#forget(clientId, session, now);
    }
    for (const clientId of bindings.unusedSince(now - limits.unusedClientMs)) {
      if (left-- <= 0) return;
      if (isHere(clientId)) continue;
      for (const session of dedup.sessionsOf(clientId)) this.#forget(clientId, session, now);
      bindings.forget(clientId, now);
    }
    this.#dueMs = now + limits.forgetEveryMs;
  }

  #forget(clientId: string, session: string, now: number): void {
    const { dedup, staging, isKeeper } = this.#parts;
    // Each owner has a part of it, and is told.
    if (isKeeper !== undefined && !this.#ended.isForgotten(clientId, session))
      this.#ended.forgotten(clientId, session, now);
    else this.#ended.drop(clientId, session, now);
    forgetSession(dedup, staging, clientId, session, now);
  }
}
