import type { Staging } from './Staging.js';

const PREFIX = 'ended:';

/** As the time of a session that is forgotten: whoever has something of it lets go of that. */
const FORGOTTEN_AT = -1;

/** Sessions of realms that are gone with everything settled, each with the time at which that was said (SRV-4). */
export class EndedSessions {
  /** by `clientId:session` */
  readonly #endedMs = new Map<string, number>();
  readonly #staging: Staging;

  constructor(meta: ReadonlyMap<string, unknown>, staging: Staging) {
    this.#staging = staging;
    for (const [name, value] of meta)
      if (name.startsWith(PREFIX)) this.#endedMs.set(name.slice(PREFIX.length), value as number);
  }

  add(clientId: string, session: string, now: number): void {
    const id = `${clientId}:${session}`;
    if (this.#endedMs.has(id)) return;
    this.#endedMs.set(id, now);
    this.#staging.stageMeta(PREFIX + id, now, now);
  }

  /** The session is forgotten, or somebody speaks for it again. */
  drop(clientId: string, session: string, now: number): void {
    const id = `${clientId}:${session}`;
    if (this.#endedMs.delete(id)) this.#staging.stageMeta(PREFIX + id, null, now);
  }

  /** The session is forgotten, by all nodes of a cluster. The note of it goes with the next look. */
  forgotten(clientId: string, session: string, now: number): void {
    const id = `${clientId}:${session}`;
    this.#endedMs.set(id, FORGOTTEN_AT);
    this.#staging.stageMeta(PREFIX + id, FORGOTTEN_AT, now);
  }

  isForgotten(clientId: string, session: string): boolean {
    return this.#endedMs.get(`${clientId}:${session}`) === FORGOTTEN_AT;
  }

  /** What other nodes have made of a fact; a session that they have forgotten. */
  follow(name: string, value: unknown): readonly [clientId: string, session: string] | undefined {
    if (!name.startsWith(PREFIX)) return undefined;
    const id = name.slice(PREFIX.length);
    if (value === null) this.#endedMs.delete(id);
    else this.#endedMs.set(id, value as number);
    return value === FORGOTTEN_AT ? partsOf(id) : undefined;
  }

  /** Sessions that ended before a time. */
  *before(timeMs: number): Iterable<readonly [clientId: string, session: string]> {
    for (const [id, endedMs] of this.#endedMs) {
      if (endedMs < timeMs) yield partsOf(id);
    }
  }
}

/** Of `clientId:session`; neither holds a colon. */
export function partsOf(id: string): readonly [clientId: string, session: string] {
  const [clientId = '', session = ''] = id.split(':');
  return [clientId, session];
}
