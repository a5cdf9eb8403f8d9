import type { RevocationEntry, RevocationStore } from './RevocationStore.js';
import { factOf, isRevocation } from './revocationFacts.js';

export interface SharedRevocationParts {
  /** The facts that the database held when it was opened. */
  readonly facts: ReadonlyMap<string, unknown>;
  /** Has a fact stored with the next commit; null takes it back. */
  readonly stage: (name: string, value: RevocationEntry | null) => void;
}

/** Revocations among the facts that the nodes of a cluster share: what one is told all know (AUTH-44). */
export class SharedRevocationStore implements RevocationStore {
  readonly #stage: SharedRevocationParts['stage'];
  readonly #entries = new Map<string, RevocationEntry>();
  readonly #waiting = new Map<string, (() => void)[]>();
  #heard: (entries: readonly RevocationEntry[]) => void = () => undefined;

  constructor({ facts, stage }: SharedRevocationParts) {
    this.#stage = stage;
    this.#take(facts);
  }

  /** Calls back with what other nodes revoke. */
  listen(heard: (entries: readonly RevocationEntry[]) => void): void {
    this.#heard = heard;
  }

  async load(): Promise<readonly RevocationEntry[]> {
    return [...this.#entries.values()];
  }

  /** While the database is away it waits for it. */
  add(entry: RevocationEntry): Promise<void> {
    const name = factOf(entry);
    return new Promise((resolve) => {
      this.#waiting.set(name, [...(this.#waiting.get(name) ?? []), resolve]);
      this.#stage(name, entry);
    });
  }

  /** Each node takes back what has had its time; that it is gone already does no harm. */
  async replace(entries: readonly RevocationEntry[]): Promise<void> {
    const kept = new Set(entries.map(factOf));
    for (const name of this.#entries.keys()) if (!kept.has(name)) this.#stage(name, null);
  }

  /** These facts are durable, of whatever node. Told in the middle of the engine's work, and taken in after it. */
  stored(facts: ReadonlyMap<string, unknown>): void {
    const known = this.#take(facts);
    if (known.length > 0) queueMicrotask(() => this.#heard(known));
  }

  #take(facts: ReadonlyMap<string, unknown>): readonly RevocationEntry[] {
    const known: RevocationEntry[] = [];
    for (const [name, value] of facts) {
      if (!isRevocation(name)) continue;
      for (const resolve of this.#waiting.get(name) ?? []) resolve();
      this.#waiting.delete(name);
      if (value === null) {
        this.#entries.delete(name);
        continue;
      }
      // Written by `add`, here or at another node.
      const entry = value as RevocationEntry;
      this.#entries.set(name, entry);
      known.push(entry);
    }
    return known;
  }
}
