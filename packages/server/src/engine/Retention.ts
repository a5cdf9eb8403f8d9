import type { ClientBindings } from './ClientBindings.js';
import type { DedupTable } from './DedupTable.js';
import type { EndedSessions } from './EndedSessions.js';
import type { EngineLimits } from './EngineLimits.js';
import type { Op } from './Op.js';
import type { Staging } from './Staging.js';

export interface RetentionParts {
  readonly bindings: ClientBindings;
  readonly ended: EndedSessions;
  readonly dedup: DedupTable<Op>;
  readonly staging: Staging;
  readonly limits: EngineLimits;
}

/**
 * Lets go of what is kept about writers that will not be heard of again (SRV-4): dedup rows of sessions that ended long
 * ago, and clients that were not here for so long that they are told so when they come back.
 */
export class Retention {
  readonly #parts: RetentionParts;
  #dueMs: number;

  /** The first look comes a while after the start, for whoever was connected before comes back first. */
  constructor(parts: RetentionParts, now: number) {
    this.#parts = parts;
    this.#dueMs = now + parts.limits.forgetEveryMs;
  }

  /** Forgets what is due, a bounded number at a time. `isHere`: whether a connection speaks for the client. */
  sweep(isHere: (clientId: string) => boolean, now: number): void {
    if (now < this.#dueMs) return;
    const { bindings, ended, dedup, limits } = this.#parts;
    let left = limits.forgottenAtOnce;
    for (const [clientId, session] of ended.before(now - limits.endedSessionMs)) {
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
    const { ended, dedup, staging } = this.#parts;
    const known = dedup.forget(clientId, session);
    if (known !== undefined) staging.stageForgotten(known, now);
    ended.drop(clientId, session, now);
  }
}
