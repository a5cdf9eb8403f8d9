import type { Staging } from './Staging.js';

const PREFIX = 'ended:';

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

  /** Sessions that ended before a time. */
  *before(timeMs: number): Iterable<readonly [clientId: string, session: string]> {
    for (const [id, endedMs] of this.#endedMs) {
      const [clientId = '', session = ''] = id.split(':');
      if (endedMs < timeMs) yield [clientId, session];
    }
  }
}
