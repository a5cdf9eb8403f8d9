import type { DedupTable } from './DedupTable.js';
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
  /** answered, and never asked for again */
  readonly #done = new Set<string>();

  constructor(meta: ReadonlyMap<string, unknown>, parts: RequestSessionsParts) {
    this.#parts = parts;
    const stored: [string, number][] = [];
    for (const [name, value] of meta)
      if (name.startsWith(PREFIX)) stored.push([name.slice(PREFIX.length), value as number]);
    for (const [id, usedMs] of stored.sort(([, a], [, b]) => a - b)) this.#usedMs.set(id, usedMs);
  }

  get size(): number {
    return this.#usedMs.size;
  }

  /** A request speaks for a session. False, and nothing is noted: there are as many as may be, and none of them may go yet. */
  used(clientId: string, session: string, now: number): boolean {
    const id = `${clientId}:${session}`;
    this.#release(now);
    const { requestKeys, requestKeyMsMin } = this.#parts.limits;
    const known = this.#usedMs.get(id);
    if (known === undefined && this.#usedMs.size >= requestKeys) return false;
    // Who comes again at once costs no further record; and none is let go within its least time.
    if (known !== undefined && now - known < requestKeyMsMin / 10) return true;
    this.#usedMs.delete(id);
    this.#usedMs.set(id, now);
    this.#parts.staging.stageMeta(PREFIX + id, now, now);
    return true;
  }

  /** Answered, under an id that nobody has: it goes with the next request. */
  done(clientId: string, session: string): void {
    const id = `${clientId}:${session}`;
    if (this.#usedMs.has(id)) this.#done.add(id);
  }

  /** More than come in, so that what is kept gets less. */
  #release(now: number): void {
    let left = 4;
    for (const id of this.#done) {
      if (left-- === 0) return;
      this.#drop(id, now);
    }
    const { requestKeys, requestKeyMs, requestKeyMsMin } = this.#parts.limits;
    for (const [id, usedMs] of this.#usedMs) {
      const ageMs = this.#usedMs.size >= requestKeys ? requestKeyMsMin : requestKeyMs;
      if (left-- <= 0 || now - usedMs < ageMs) return;
      this.#drop(id, now);
    }
  }

  #drop(id: string, now: number): void {
    const { staging, dedup } = this.#parts;
    this.#done.delete(id);
    this.#usedMs.delete(id);
    staging.stageMeta(PREFIX + id, null, now);
    const [clientId = '', session = ''] = id.split(':');
    forgetSession(dedup, staging, clientId, session, now);
  }
}
