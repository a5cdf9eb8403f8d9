import type { Staging } from './Staging.js';

const PREFIX = 'client:';

/** Which subject each client belongs to, from its first contact on (ID-1). */
export class ClientBindings {
  readonly #subs = new Map<string, string>();
  readonly #staging: Staging;

  constructor(meta: ReadonlyMap<string, unknown>, staging: Staging) {
    this.#staging = staging;
    for (const [name, value] of meta) {
      if (!name.startsWith(PREFIX) || typeof value !== 'object' || value === null || !('sub' in value))
        continue;
      if (typeof value.sub === 'string') this.#subs.set(name.slice(PREFIX.length), value.sub);
    }
  }

  subOf(clientId: string): string | undefined {
    return this.#subs.get(clientId);
  }

  /** Holds at once, and is durable no later than the client's first op: both go into the same commit or this one first. */
  bind(clientId: string, sub: string, now: number): void {
    this.#subs.set(clientId, sub);
    this.#staging.stageMeta(PREFIX + clientId, { sub }, now);
  }
}
