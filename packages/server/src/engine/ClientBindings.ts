import type { Staging } from './Staging.js';

const PREFIX = 'client:';

interface Binding {
  readonly sub: string;
  readonly seenMs: number;
}

/** Which subject each client belongs to, from its first contact on (ID-1), and when it was last here (SRV-4). */
export class ClientBindings {
  readonly #byClient = new Map<string, Binding>();
  readonly #staging: Staging;
  readonly #renewMs: number;

  /** `renewMs`: how much later a contact has to be to be worth a commit. */
  constructor(meta: ReadonlyMap<string, unknown>, staging: Staging, renewMs: number) {
    this.#staging = staging;
    this.#renewMs = renewMs;
    for (const [name, value] of meta) {
      // Written by `seen`, here or in an earlier life of the node.
      if (name.startsWith(PREFIX)) this.#byClient.set(name.slice(PREFIX.length), value as Binding);
    }
  }

  subOf(clientId: string): string | undefined {
    return this.#byClient.get(clientId)?.sub;
  }

  /** A client is here. A new one is bound at once, and durably no later than its first op: in the same commit or an earlier one. */
  seen(clientId: string, sub: string, now: number): void {
    const known = this.#byClient.get(clientId);
    if (known !== undefined && now - known.seenMs < this.#renewMs) return;
    const binding = { sub, seenMs: now };
    this.#byClient.set(clientId, binding);
    this.#staging.stageMeta(PREFIX + clientId, binding, now);
  }

  /** Clients that were last here before a time. */
  *unusedSince(beforeMs: number): Iterable<string> {
    for (const [clientId, { seenMs }] of this.#byClient) if (seenMs < beforeMs) yield clientId;
  }

  forget(clientId: string, now: number): void {
    this.#byClient.delete(clientId);
    this.#staging.stageMeta(PREFIX + clientId, null, now);
  }
}
