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
  /** Hears of clients that other nodes had bound to another subject before this one did. */
  onOther: (clientId: string, sub: string) => void = () => undefined;

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

  /** When a client was last seen, as it is known here. */
  seenMsOf(clientId: string): number | undefined {
    return this.#byClient.get(clientId)?.seenMs;
  }

  /** A client is here. A new one is bound at once, and durably no later than its first op: in the same commit or an earlier one. */
  seen(clientId: string, sub: string, now: number): void {
    const known = this.#byClient.get(clientId);
    if (known !== undefined && now - known.seenMs < this.#renewMs) return;
    const binding = { sub, seenMs: now };
    this.#byClient.set(clientId, binding);
    // Whose it is is decided once; when it was here is not (CLU-25).
    this.#staging.stageMeta(
      PREFIX + clientId,
      binding,
      now,
      known === undefined ? { value: known } : undefined,
    );
  }

  /** What other nodes have made of a fact; the client that it is about, if it is about one. */
  follow(name: string, value: unknown): string | undefined {
    if (!name.startsWith(PREFIX)) return undefined;
    const clientId = name.slice(PREFIX.length);
    if (value === null) {
      this.#byClient.delete(clientId);
      return clientId;
    }
    const binding = value as Binding;
    const known = this.#byClient.get(clientId);
    this.#byClient.set(clientId, binding);
    if (known !== undefined && known.sub !== binding.sub) this.onOther(clientId, binding.sub);
    return clientId;
  }

  /** Clients that were last here before a time. */
  *unusedSince(beforeMs: number): Iterable<string> {
    for (const [clientId, { seenMs }] of this.#byClient) if (seenMs < beforeMs) yield clientId;
  }

  forget(clientId: string, now: number): void {
    const known = this.#byClient.get(clientId);
    this.#byClient.delete(clientId);
    // It may have come to another node meanwhile.
    this.#staging.stageMeta(PREFIX + clientId, null, now, { value: known });
  }
}
