import type { DedupTable } from './DedupTable.js';
import { partsOf } from './EndedSessions.js';
import type { EngineLimits } from './EngineLimits.js';
import { forgetSession } from './forgetSession.js';
import type { Op } from './Op.js';
import type { Staging } from './Staging.js';

const PREFIX = 'request:';

/**
 * What the clients of requests over HTTP are called: no device can be, for the wire lets no such name in, so that nobody speaks for
 * the requests of another.
 */
const MARK = '~';

/** `digest`: 21 characters or more that belong to the principal. */
export const requestClient = (digest: string): string => MARK + digest.slice(0, 21);

export const isRequestClient = (clientId: string): boolean => clientId.startsWith(MARK);

type Left = 'answered' | 'unused';

export interface RequestSessionsParts {
  readonly staging: Staging;
  readonly dedup: DedupTable<Op>;
  readonly limits: Pick<EngineLimits, 'requestKeys' | 'requestKeyMs' | 'requestKeyMsMin'>;
}

/**
 * The sessions of requests, each with the time of its last use (REC-8, REC-9). A request may come again, so its session outlives it; what
 * has had its time goes with the commits of those that follow, so that keeping it costs neither a timer nor a commit. It is noted before
 * its ops are, so that none stays behind for good when the node is killed.
 */
export class RequestSessions {
  readonly #parts: RequestSessionsParts;
  /** by `clientId:session`, the longest unused first */
  readonly #usedMs = new Map<string, number>();
  /** nobody will ask for them again, as far as is known */
  readonly #left = new Map<string, Left>();

  constructor(meta: ReadonlyMap<string, unknown>, parts: RequestSessionsParts) {
    this.#parts = parts;
    const stored: [string, number][] = [];
    for (const [name, value] of meta)
      if (name.startsWith(PREFIX)) stored.push([name.slice(PREFIX.length), value as number]);
    for (const [id, usedMs] of stored.sort(([, a], [, b]) => a - b)) this.#usedMs.set(id, usedMs);
  }

  /** A request speaks for a session. False, and nothing is noted: there are as many as may be, and none of them may go yet. */
  used(clientId: string, session: string, now: number): boolean {
    const id = `${clientId}:${session}`;
    const { requestKeys, requestKeyMsMin } = this.#parts.limits;
    const known = this.#usedMs.get(id);
    // Who comes again at once costs no further record; and none is let go within its least time.
    const isFresh = known !== undefined && now - known < requestKeyMsMin / 10;
    // In its new place before others are let go: its ops must not meet its own end in one commit.
    if (known !== undefined && !isFresh) this.#note(id, now);
    this.#release(now);
    if (known === undefined && this.#usedMs.size >= requestKeys) return false;
    if (known === undefined) this.#note(id, now);
    return true;
  }

  /** Answered, under an id that nobody has: it goes with the next request. */
  done(clientId: string, session: string): void {
    this.#leave(`${clientId}:${session}`, 'answered');
  }

  /** A connection left it without a write. Another one may yet speak for it. */
  unused(clientId: string, session: string): void {
    this.#leave(`${clientId}:${session}`, 'unused');
  }

  #leave(id: string, as: Left): void {
    if (this.#usedMs.has(id)) this.#left.set(id, as);
  }

  #note(id: string, now: number): void {
    this.#usedMs.delete(id);
    this.#usedMs.set(id, now);
    this.#parts.staging.stageMeta(PREFIX + id, now, now);
  }

  /** What other nodes have made of a fact; a session that they have let go. */
  follow(name: string, value: unknown): readonly [clientId: string, session: string] | undefined {
    if (!name.startsWith(PREFIX)) return undefined;
    const id = name.slice(PREFIX.length);
    this.#usedMs.delete(id);
    if (value === null) {
      this.#left.delete(id);
      return partsOf(id);
    }
    this.#usedMs.set(id, value as number);
    return undefined;
  }

  /** More than come in, so that what is kept gets less. */
  #release(now: number): void {
    let places = 4;
    for (const [id, as] of this.#left) {
      if (places-- === 0) return;
      this.#left.delete(id);
      if (as === 'answered' || this.#parts.dedup.dropUnused(...partsOf(id))) this.#drop(id, now);
    }
    const { requestKeys, requestKeyMs, requestKeyMsMin } = this.#parts.limits;
    for (const [id, usedMs] of this.#usedMs) {
      const ageMs = this.#usedMs.size >= requestKeys ? requestKeyMsMin : requestKeyMs;
      if (places-- <= 0 || now - usedMs < ageMs) return;
      this.#drop(id, now);
    }
  }

  #drop(id: string, now: number): void {
    const { staging, dedup } = this.#parts;
    this.#left.delete(id);
    this.#usedMs.delete(id);
    staging.stageMeta(PREFIX + id, null, now);
    forgetSession(dedup, staging, ...partsOf(id), now);
  }
}
